package io.spam4j.engine;

import io.spam4j.engine.kernel.UpdateTally;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * What the threads of a step count, of each tensor: sums, and maxima with the lowest index that has
 * them, so that nothing depends on who took what.
 */
final class Counts {
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private final UpdateTally[] tallies; // of each participant
  private final long[] spikes;
  private final long[] skipped;
  private final long[] lowered;
  private final long[] clamped;
  private final float[] largestRatio;
  private final long[] largestAt;

  Counts(int tensors, int threads) {
    tallies = new UpdateTally[threads];
    Arrays.setAll(tallies, _ -> new UpdateTally());
    spikes = new long[tensors];
    skipped = new long[tensors];
    lowered = new long[tensors];
    clamped = new long[tensors];
    largestRatio = new float[tensors];
    largestAt = new long[tensors];
    clear();
  }

  /** A participant's tally for a piece from the first element on. */
  UpdateTally start(int tensor, int participant) {
    return start(tensor, 0, participant);
  }

  /**
   * A participant's tally, empty but for the largest ratio of the tensor so far; or just less where
   * an element of the piece that has it too would be the first.
   *
   * @param from the first element of the piece, or one before it
   */
  synchronized UpdateTally start(int tensor, long from, int participant) {
    UpdateTally tally = tallies[participant];
    tally.clear();
    float seen = largestRatio[tensor];
    // Ties are frequent where numbers have few bits, and each goes the slow way.
    boolean isBefore = largestAt[tensor] != UpdateTally.NOWHERE && largestAt[tensor] < from;
    tally.largestRatio = isBefore ? seen : Math.max(0, Math.nextDown(seen));
    return tally;
  }

  /** Adds what a participant counted in a piece of a tensor. */
  void add(UpdateTally tally, int tensor) {
    addTo(spikes, tensor, tally.spikes);
    addTo(skipped, tensor, tally.skipped);
    addTo(lowered, tensor, tally.lowered);
    addTo(clamped, tensor, tally.clamped);
    if (tally.largestAt != UpdateTally.NOWHERE) {
      raise(tensor, tally.largestRatio, tally.largestAt);
    }
  }

  /** Two numbers that belong together; at most once a piece, so a lock costs nothing. */
  private synchronized void raise(int tensor, float ratio, long at) {
    float seen = largestRatio[tensor];
    if (ratio > seen || (ratio == seen && at < largestAt[tensor])) {
      largestRatio[tensor] = ratio;
      largestAt[tensor] = at;
    }
  }

  private static void addTo(long[] counts, int tensor, long count) {
    if (count != 0) {
      long _ = (long) LONGS.getAndAdd(counts, tensor, count);
    }
  }

  /** Forgets everything. */
  void clear() {
    Arrays.fill(spikes, 0);
    Arrays.fill(skipped, 0);
    Arrays.fill(lowered, 0);
    Arrays.fill(clamped, 0);
    Arrays.fill(largestRatio, 0);
    Arrays.fill(largestAt, UpdateTally.NOWHERE);
  }

  /** Copies what was counted into a report. */
  void describe(StepReport report) {
    for (int i = 0; i < spikes.length; i++) {
      report.tensorSpikes[i] = spikes[i];
      report.tensorSkipped[i] = skipped[i];
      report.tensorLowered[i] = lowered[i];
      report.tensorClamped[i] = clamped[i];
      report.tensorLargestRatio[i] = largestRatio[i];
      report.tensorLargestAt[i] = largestAt[i];
    }
  }
}
