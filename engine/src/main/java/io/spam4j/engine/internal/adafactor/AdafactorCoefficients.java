package io.spam4j.engine.internal.adafactor;

/**
 * The numbers of one tensor at one step of Adafactor. Mutable and reused, one a tensor, because a
 * step allocates nothing; {@link AdafactorUpdate} only reads it.
 */
final class AdafactorCoefficients {
  /** Whether coordinates that are NaN or Inf leave weight and state as they are. */
  boolean skipsNonFinite;

  /** eps1, added to squares of gradients. */
  float epsilon;

  /** beta2 of this step. */
  float beta2;

  /** 1 - beta2, rounded from double. */
  float oneMinusBeta2;

  /** beta1, where there is a first moment. */
  float beta1;

  /** 1 - beta1, rounded from double. */
  float oneMinusBeta1;

  /** alpha / max(1, rms(u) / d). */
  float stepSize;

  /** Decoupled weight decay: this times the weight is subtracted; 0 for none. */
  float decay;
}
