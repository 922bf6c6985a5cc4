package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.kernel.UpdateForm.Weights;

/**
 * What a copy of an {@link ElementwiseLoop} is compiled for.
 *
 * @param weights how weights are stored; never elsewhere
 * @param halfGradient whether the gradient is BF16; otherwise it is F32
 * @param hasState whether there is a number of state for each weight
 */
record ElementwiseForm(Weights weights, boolean halfGradient, boolean hasState) {
  /** How many there are. */
  static final int COUNT = 4 * Weights.values().length;

  /** A number of its own for each. */
  int index() {
    return index(weights, halfGradient, hasState);
  }

  static int index(Weights weights, boolean halfGradient, boolean hasState) {
    return 4 * weights.ordinal() + (halfGradient ? 2 : 0) + (hasState ? 1 : 0);
  }
}
