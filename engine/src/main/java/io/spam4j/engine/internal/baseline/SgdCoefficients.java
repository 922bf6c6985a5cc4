package io.spam4j.engine.internal.baseline;

/**
 * The numbers of one tensor at one step of SGD. Mutable and reused, one a tensor, because a step
 * allocates nothing; {@link SgdUpdate} only reads it.
 */
final class SgdCoefficients {
  /** Whether coordinates that are NaN or Inf leave weight and momentum as they are. */
  boolean skipsNonFinite;

  /** L2 regularisation: this times the weight is added to the gradient; 0 for none. */
  float coupledDecay;

  /** Whether there is a momentum buffer. */
  boolean hasBuffer;

  /** Factor on the momentum buffer. */
  float momentum;

  /** 1 - dampening, rounded from double. */
  float oneMinusDampening;

  /** Whether the buffer becomes the gradient: at the first one. */
  boolean startsBuffer;

  /** Whether the step looks ahead by one more share of momentum. */
  boolean nesterov;

  /** Learning rate. */
  float stepSize;
}
