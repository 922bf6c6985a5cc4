package io.spam4j.engine.internal.small;

import io.spam4j.engine.internal.kernel.UpdateTally;
import java.util.Arrays;

/** What a step counts of each tensor; the meaning of the numbers is that of {@link UpdateTally}. */
public final class TensorCounts {
  public final long[] spikes;
  public final long[] skipped;
  public final long[] lowered;
  public final long[] clamped;
  public final float[] largestRatio;

  /** {@link UpdateTally#NOWHERE} where there is no ratio. */
  public final long[] largestAt;

  /** Counts of so many tensors, of which nothing is counted. */
  public TensorCounts(int tensors) {
    spikes = new long[tensors];
    skipped = new long[tensors];
    lowered = new long[tensors];
    clamped = new long[tensors];
    largestRatio = new float[tensors];
    largestAt = new long[tensors];
    clear();
  }

  /** Forgets everything. */
  public void clear() {
    Arrays.fill(spikes, 0);
    Arrays.fill(skipped, 0);
    Arrays.fill(lowered, 0);
    Arrays.fill(clamped, 0);
    Arrays.fill(largestRatio, 0);
    Arrays.fill(largestAt, UpdateTally.NOWHERE);
  }
}
