package io.spam4j.engine.options;

/** What happens to weights without moments, where only some are selected (SPAM, Figure 6). */
public enum UnselectedWeights {
  /** They stay as they are. */
  FROZEN,
  /**
   * They take a plain gradient step, w = w - step g, with the same step size as the others, as the
   * authors' code does when it keeps the gradients of unselected weights.
   */
  SGD
}
