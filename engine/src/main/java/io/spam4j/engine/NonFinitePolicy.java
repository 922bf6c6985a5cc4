package io.spam4j.engine;

/** What a step does with gradient coordinates that are NaN or infinite. */
public enum NonFinitePolicy {
  /** The coordinate's weight and moments stay as they are; it is counted. The default. */
  SKIP_COORDINATE,
  /**
   * All gradients are measured first; if one is not finite the whole step is a no-op: weights,
   * moments, counters, decay. Costs one more pass over the gradients.
   */
  SKIP_STEP,
  /**
   * All gradients are measured first; if one is not finite the step throws {@link
   * NonFiniteGradientException} and changes nothing. Costs one more pass over the gradients.
   */
  THROW,
  /** The arithmetic takes its course, as in the papers' code: one NaN stays for good. */
  PROPAGATE;

  /** Whether all gradients must be measured before a step may change anything. */
  public boolean measures() {
    return this == SKIP_STEP || this == THROW;
  }
}
