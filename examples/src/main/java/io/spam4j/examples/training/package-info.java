/**
 * Training as the demo does it: several optimizers train the same model from the same weights and
 * on the same batches, once with gradients as they are and once with spikes injected. {@link
 * io.spam4j.examples.training.Training} runs it; the same settings give the same numbers on any
 * number of cores, also when a run is stopped and continued. The model and its text belong to
 * {@code llama}, and what people see of results to {@code demo}.
 */
@NullMarked
package io.spam4j.examples.training;

import org.jspecify.annotations.NullMarked;
