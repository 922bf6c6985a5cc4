package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.small.TensorCounts;
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
  private final TensorCounts counts;

  SharedTallies(int tensors, int threads) {
    participants = new Participant[threads];
    Arrays.setAll(participants, _ -> new Participant());
    counts = new TensorCounts(tensors);
  }

  /**
   * What is counted of all tensors: complete after {@link #complete}. Whoever updates a whole
   * tensor by itself may write there, if it asks for no tally.
   */
  public TensorCounts counts() {
    return counts;
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
    addTo(counts.spikes, tensor, tally.spikes);
    addTo(counts.skipped, tensor, tally.skipped);
    addTo(counts.lowered, tensor, tally.lowered);
    addTo(counts.clamped, tensor, tally.clamped);
    if (tally.largestAt != UpdateTally.NOWHERE) {
      if (of.isAlone) {
        counts.largestRatio[tensor] = tally.largestRatio;
        counts.largestAt[tensor] = tally.largestAt;
      } else {
        raise(tensor, tally.largestRatio, tally.largestAt);
      }
    }
    of.tensor = NO_TENSOR;
    tally.clear();
  }

  /** Two numbers that belong together. */
  private synchronized void raise(int tensor, float ratio, long at) {
    float seen = counts.largestRatio[tensor];
    if (ratio > seen || (ratio == seen && at < counts.largestAt[tensor])) {
      counts.largestRatio[tensor] = ratio;
      counts.largestAt[tensor] = at;
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
    counts.clear();
  }

  /** Adds what the participants, which are done, have not shared yet. */
  void complete() {
    for (Participant participant : participants) {
      share(participant);
    }
  }
}
