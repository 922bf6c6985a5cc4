package io.spam4j.engine.decision;

/** One step as a {@link Decision} sees it, of one tensor. Valid during the call alone. */
public interface TensorStep {
  /** The number of the tensor, from 0, in the order of the parameters. */
  int tensor();

  /** The number of the step, from 1. */
  long step();

  /** How often the tensor will have been updated, this step included; 1 or more. */
  long updates();

  /** The same since its moments were last reset; 1 at a reset. */
  long updatesSinceReset();

  /** The schedule's learning rate at this step, without the warm-up after a reset. */
  double learningRate();

  /** The decay of the first moment, in [0, 1). */
  double beta1();

  /** The decay of the second moment, in [0, 1). */
  double beta2();

  /** What is added to the denominator, as the builder was given it. */
  double epsilon();

  /** The weight decay, as the builder was given it. */
  double weightDecay();
}
