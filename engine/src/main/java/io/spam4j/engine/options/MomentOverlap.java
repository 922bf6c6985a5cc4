package io.spam4j.engine.options;

/** What a reset does with the moments of weights that are selected again (SPAM, Figure 6). */
public enum MomentOverlap {
  /** They are zeroed like all others. */
  RESET,
  /**
   * They are kept; only newly selected weights start from zero. Applies to parameters with a
   * density below 1; others are reset. While a reset is made both the old and the new moments are
   * held.
   */
  KEEP
}
