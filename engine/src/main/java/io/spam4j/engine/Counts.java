package io.spam4j.engine;

import io.spam4j.engine.kernel.UpdateTally;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * What the threads of a step count, of each tensor: sums and maxima, so that nothing depends on who
 * took what.
 */
final class Counts {
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);

  private final UpdateTally[] tallies; // of each participant
  private final long[] spikes;
  private final long[] skipped;
  private final long[] lowered;
  private final long[] clamped;
  private final int[] largestRatioBits; // not negative, so that they order as the floats do

  Counts(int tensors, int threads) {
    tallies = new UpdateTally[threads];
    Arrays.setAll(tallies, _ -> new UpdateTally());
    spikes = new long[tensors];
    skipped = new long[tensors];
    lowered = new long[tensors];
    clamped = new long[tensors];
    largestRatioBits = new int[tensors];
  }

  /** A participant's tally, empty but for the largest ratio of the tensor so far. */
  UpdateTally start(int tensor, int participant) {
    UpdateTally tally = tallies[participant];
    tally.clear();
    tally.largestRatio = Float.intBitsToFloat((int) INTS.getOpaque(largestRatioBits, tensor));
    return tally;
  }

  /** Adds what a participant counted in a piece of a tensor. */
  void add(UpdateTally tally, int tensor) {
    addTo(spikes, tensor, tally.spikes);
    addTo(skipped, tensor, tally.skipped);
    addTo(lowered, tensor, tally.lowered);
    addTo(clamped, tensor, tally.clamped);
    int bits = Float.floatToRawIntBits(tally.largestRatio);
    int seen = (int) INTS.getOpaque(largestRatioBits, tensor);
    while (bits > seen && !INTS.compareAndSet(largestRatioBits, tensor, seen, bits)) {
      seen = (int) INTS.getOpaque(largestRatioBits, tensor);
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
    Arrays.fill(largestRatioBits, 0);
  }

  /** Copies what was counted into a report. */
  void describe(StepReport report) {
    for (int i = 0; i < spikes.length; i++) {
      report.tensorSpikes[i] = spikes[i];
      report.tensorSkipped[i] = skipped[i];
      report.tensorLowered[i] = lowered[i];
      report.tensorClamped[i] = clamped[i];
      report.tensorLargestRatio[i] = Float.intBitsToFloat(largestRatioBits[i]);
    }
  }
}
