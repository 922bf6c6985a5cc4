package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * What the threads of a step count, of each tensor: sums, and maxima with the lowest index that has
 * them, so that nothing depends on who took what. A thread shares what it counted of a tensor when
 * it goes on to the next one.
 */
public final class SharedTallies {
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private static final int NO_TENSOR = -1;

  /** What a participant counts, and of which tensor. */
  private static final class Participant {
    final UpdateTally tally = new UpdateTally();
    int tensor = NO_TENSOR;
    boolean isAlone;
  }

  private final Participant[] participants;
  private final long[] spikes;
  private final long[] skipped;
  private final long[] lowered;
  private final long[] clamped;
  private final float[] largestRatio;
  private final long[] largestAt;

  SharedTallies(int tensors, int threads) {
    participants = new Participant[threads];
    Arrays.setAll(participants, _ -> new Participant());
    spikes = new long[tensors];
    skipped = new long[tensors];
    lowered = new long[tensors];
    clamped = new long[tensors];
    largestRatio = new float[tensors];
    largestAt = new long[tensors];
    clear();
  }

  /**
   * A participant's tally for a piece of a tensor: with what it counted of that tensor in earlier
   * pieces, which lie before this one.
   *
   * @param isAlone whether the tensor has no other pieces
   */
  public UpdateTally of(int tensor, boolean isAlone, int participant) {
    Participant current = participants[participant];
    if (current.tensor != tensor) {
      share(current);
      current.tensor = tensor;
      current.isAlone = isAlone;
    }
    return current.tally;
  }

  /** The same of a tensor that may have other pieces. */
  public UpdateTally of(int tensor, int participant) {
    return of(tensor, false, participant);
  }

  /** Adds what a participant has counted to what all have. */
  private void share(Participant of) {
    int tensor = of.tensor;
    UpdateTally tally = of.tally;
    if (tensor == NO_TENSOR) {
      return;
    }
    addTo(spikes, tensor, tally.spikes);
    addTo(skipped, tensor, tally.skipped);
    addTo(lowered, tensor, tally.lowered);
    addTo(clamped, tensor, tally.clamped);
    if (tally.largestAt != UpdateTally.NOWHERE) {
      if (of.isAlone) {
        largestRatio[tensor] = tally.largestRatio;
        largestAt[tensor] = tally.largestAt;
      } else {
        raise(tensor, tally.largestRatio, tally.largestAt);
      }
    }
    of.tensor = NO_TENSOR;
    tally.clear();
  }

  /** Two numbers that belong together. */
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
    for (Participant participant : participants) {
      participant.tensor = NO_TENSOR;
      participant.tally.clear();
    }
    Arrays.fill(spikes, 0);
    Arrays.fill(skipped, 0);
    Arrays.fill(lowered, 0);
    Arrays.fill(clamped, 0);
    Arrays.fill(largestRatio, 0);
    Arrays.fill(largestAt, UpdateTally.NOWHERE);
  }

  /** Copies what was counted into a report; the participants are done. */
  void describe(StepFigures report) {
    for (Participant participant : participants) {
      share(participant);
    }
    int tensors = spikes.length;
    System.arraycopy(spikes, 0, report.tensorSpikes, 0, tensors);
    System.arraycopy(skipped, 0, report.tensorSkipped, 0, tensors);
    System.arraycopy(lowered, 0, report.tensorLowered, 0, tensors);
    System.arraycopy(clamped, 0, report.tensorClamped, 0, tensors);
    System.arraycopy(largestRatio, 0, report.tensorLargestRatio, 0, tensors);
    System.arraycopy(largestAt, 0, report.tensorLargestAt, 0, tensors);
  }
}
