package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.kernel.UpdateForm.Weights;

/**
 * What a copy of an {@link ElementwiseLoop} is compiled for.
 *
 * @param weights how weights are stored; never elsewhere
 * @param halfGradient whether the gradient is BF16; otherwise it is F32
 * @param hasState whether there is a number of state for each weight
 */
record ElementwiseForm(Weights weights, boolean halfGradient, boolean hasState) {}
