package io.spam4j.engine.options;

/**
 * Which gradients the corrections 1 - beta^k count. k is per tensor: steps in which it had no
 * gradient do not count.
 */
public enum BiasCorrection {
  /**
   * All since the start of training, though a reset empties the moments: as the SPAM authors' code
   * does, and what all published learning rates assume. After a reset the steps are longer than the
   * learning rate says, by up to 2.7 at the default N and dT (see docs/numerics.md).
   */
  GLOBAL,
  /** Those since the last reset: the steps keep to the learning rate. */
  SINCE_RESET,
  /** None: no correction. */
  NONE
}
