package io.spam4j.engine.internal.kernel;

import io.spam4j.engine.decision.UpdateCoefficients;

/** What a coordinate may be at most without needing {@link UpdateScalar}. */
public final class UsualBounds {
  private UsualBounds() {}

  /** Where g^2 does not exceed this times v, there is neither a spike nor a new largest ratio. */
  static float ratio(UpdateCoefficients c, UpdateTally tally) {
    boolean nothingToCompareWith = c.momentsAreZero && !UpdateScalar.canClipAtZero(c);
    return nothingToCompareWith
        ? Float.POSITIVE_INFINITY // times v = 0 it is NaN, which nothing exceeds
        : Math.min(c.spikeThreshold, tally.largestRatio);
  }

  /** What g^2 may be at most where v = 0: anything, unless that is clipped to 0. */
  static float squareWithoutHistory(UpdateCoefficients c) {
    return UpdateScalar.canClipAtZero(c) ? 0 : Float.POSITIVE_INFINITY;
  }

  /**
   * Scaled gradients of at most this magnitude are not lowered by AdaClip, and what the norm scale
   * makes of them is within the limit; a little less, so that rounding cannot pass it.
   */
  static float limit(UpdateCoefficients c) {
    float beforeNorm = c.gradientLimit / c.normScale * (1 - 0x1p-20f);
    return Math.min(Math.min(c.clipAbove, beforeNorm), Float.MAX_VALUE);
  }

  /** Gradients with at most this square, after the norm scale, are within {@link #limit}. */
  public static float square(UpdateCoefficients c) {
    float limit = limit(c) * c.normScale * (1 - 0x1p-20f);
    return Math.min(limit * limit * (1 - 0x1p-20f), Float.MAX_VALUE);
  }
}
