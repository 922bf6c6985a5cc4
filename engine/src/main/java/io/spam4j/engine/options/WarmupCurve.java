package io.spam4j.engine.options;

import io.spam4j.engine.internal.math.Cosine;
import io.spam4j.engine.internal.math.Ranges;

/**
 * The shape of the warm-up after a reset: {@code 1 - amplitude (1 + cos(pi (j + shift) / (N +
 * beyond))) / 2} for the j-th step of an interval, j = 0, ..., N - 1, and 1 from j = N on.
 *
 * @param amplitude 1 less the scale that it starts with, in [0, 1]
 * @param beyond how far beyond its N steps the cosine would end: 0 or 1
 * @param shift 0, or 1 to be a step ahead
 */
public record WarmupCurve(double amplitude, int beyond, int shift) {
  /** The authors' code: from 0.01, over N + 1. */
  public static final WarmupCurve AUTHORS = new WarmupCurve(0.99, 1, 0);

  /** Algorithm 1, as far as it says: from 0, over N. */
  public static final WarmupCurve PAPER = new WarmupCurve(1, 0, 0);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public WarmupCurve {
    Ranges.fraction("amplitude", amplitude);
    if (beyond < 0 || beyond > 1 || shift < 0 || shift > 1) {
      throw new IllegalArgumentException(
          "beyond and shift must be 0 or 1: beyond=" + beyond + ", shift=" + shift);
    }
  }

  /** The scale at the j-th of {@code steps} steps. */
  public double at(long j, long steps) {
    if (j >= steps) {
      return 1;
    }
    double share = Math.min(1, ((double) j + shift) / ((double) steps + beyond));
    return 1 - amplitude * (1 + Cosine.cos(share)) / 2;
  }
}
