package io.spam4j.engine.internal.kernel;

import io.spam4j.engine.decision.UpdateCoefficients;

/** What a kernel counts while it updates. Each thread has its own; their sums are order-free. */
public final class UpdateTally {
  /** Not the index of an element. */
  public static final long NOWHERE = -1;

  /** Coordinates that were spikes and were clipped. */
  public long spikes;

  /** Coordinates that were NaN or Inf and were skipped. */
  public long skipped;

  /** Coordinates above {@link UpdateCoefficients#clipAbove}, which AdaClip lowered. */
  public long lowered;

  /** Coordinates limited to {@link UpdateCoefficients#gradientLimit}. */
  public long clamped;

  /**
   * The largest g^2 / v where v is not 0 and g^2 is a normal float; 0 if there was none. May start
   * from what another thread found: the maximum does not depend on who found it.
   */
  public float largestRatio;

  /**
   * The first element that raised {@link #largestRatio} to what it is; {@link #NOWHERE} if none did
   * and it is what the tally started from.
   */
  public long largestAt = NOWHERE;

  /** Starts anew. */
  public void clear() {
    spikes = 0;
    skipped = 0;
    lowered = 0;
    clamped = 0;
    largestRatio = 0;
    largestAt = NOWHERE;
  }
}
