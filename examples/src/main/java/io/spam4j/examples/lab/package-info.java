/**
 * The training lab: a small LLaMA on libtorch tensors, trained on bytes of text by several
 * optimizers from the same weights and on the same batches, once with gradients as they are and
 * once with spikes injected. {@link io.spam4j.examples.lab.Lab} runs it; the same seed gives the
 * same numbers on any number of cores.
 */
@NullMarked
package io.spam4j.examples.lab;

import org.jspecify.annotations.NullMarked;
