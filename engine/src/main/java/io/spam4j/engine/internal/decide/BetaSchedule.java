package io.spam4j.engine.internal.decide;

import io.spam4j.engine.internal.math.Cosine;
import io.spam4j.engine.internal.math.Ranges;

/**
 * Stable-SPAM's schedule of beta1 and gamma1 (authors' code; spam-spec 2.2): both are multiplied by
 * {@code final + (1 - final) (1 + cos(pi t / (total + 1))) / 2}, which falls from 1 to {@code
 * final}.
 *
 * @param totalSteps the steps it falls over; 0 for no schedule
 * @param finalFraction eta, in [0, 1]
 * @param rises whether it rises again afterwards, with a period of twice its length, as in the
 *     authors' code; else it stays
 */
public record BetaSchedule(long totalSteps, double finalFraction, boolean rises) {
  private static final long MOST_STEPS = Long.MAX_VALUE / 2 - 1; // a period is twice one more

  public static final BetaSchedule NONE = new BetaSchedule(0, 1, false);

  public BetaSchedule {
    Ranges.notNegative("totalSteps", totalSteps);
    Ranges.fraction("finalFraction", finalFraction);
  }

  /** The factor at step {@code t}, counted from 1. */
  public double scale(long t) {
    if (totalSteps == 0) {
      return 1;
    }
    long length = Math.min(totalSteps, MOST_STEPS) + 1; // of more than that no run sees a part
    long phase = rises ? t % (2 * length) : Math.min(t, length);
    double share = (double) Math.min(phase, 2 * length - phase) / length;
    return finalFraction + (1 - finalFraction) * (1 + Cosine.cos(share)) / 2;
  }
}
