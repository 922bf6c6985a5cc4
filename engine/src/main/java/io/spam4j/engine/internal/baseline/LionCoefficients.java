package io.spam4j.engine.internal.baseline;

/**
 * The numbers of one tensor at one step of Lion. Mutable and reused, one a tensor, because a step
 * allocates nothing; {@link LionUpdate} only reads it.
 */
final class LionCoefficients {
  /** Whether coordinates that are NaN or Inf leave weight and momentum as they are. */
  boolean skipsNonFinite;

  /** beta1, of the direction. */
  float beta1;

  /** 1 - beta1, rounded from double. */
  float oneMinusBeta1;

  /** beta2, of the momentum. */
  float beta2;

  /** 1 - beta2, rounded from double. */
  float oneMinusBeta2;

  /** Decoupled weight decay: a factor on the weight; 1 for none. */
  float decayBefore = 1;

  /** Learning rate. */
  float stepSize;
}
