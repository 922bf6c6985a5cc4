package io.spam4j.engine.internal.baseline;

/**
 * The numbers of one tensor at one step of Adam-mini, but for the size of the step, which each
 * block has of its own. Mutable and reused, one a tensor, because a step allocates nothing; {@link
 * AdamMiniUpdate} only reads it.
 */
final class AdamMiniCoefficients {
  /** Whether coordinates that are NaN or Inf leave weight and moment as they are. */
  boolean skipsNonFinite;

  /** beta1. */
  float beta1;

  /** 1 - beta1, rounded from double. */
  float oneMinusBeta1;

  /** Decoupled weight decay: a factor on the weight; 1 for none. */
  float decayBefore = 1;

  /** Whether the learning rate is not 0. */
  boolean moves;
}
