package io.spam4j.engine;

import io.spam4j.engine.kernel.PlannedJob;
import io.spam4j.engine.kernel.Update;
import io.spam4j.engine.kernel.UpdateCoefficients;
import io.spam4j.engine.kernel.UpdateTally;
import io.spam4j.engine.kernel.WorkPlan;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The third of the three moves, apply: the fused update of all tensors in one wake-up of the pool.
 * Threads take units of the plan from a common counter; what they count are sums and maxima, so
 * that nothing depends on who took what.
 */
final class ApplyPass {
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);

  private final PlannedJob job;
  private final MemorySegment[] weights;
  private final MemorySegment[] firstMoments;
  private final MemorySegment[] secondMoments;
  private final @Nullable MemorySegment[] gradients;
  private final UpdateCoefficients[] coefficients;

  private final UpdateTally[] tallies; // of each participant
  private final long[] spikes;
  private final long[] skipped;
  private final long[] clamped;
  private final int[] largestRatioBits; // not negative, so that they order as the floats do

  ApplyPass(
      WorkPlan plan,
      List<Parameter> parameters,
      Tensor[] firstMoments,
      Tensor[] secondMoments,
      int threads) {
    job = new PlannedJob(plan, threads, this::update);
    int count = parameters.size();
    weights = new MemorySegment[count];
    this.firstMoments = new MemorySegment[count];
    this.secondMoments = new MemorySegment[count];
    gradients = new MemorySegment[count];
    coefficients = new UpdateCoefficients[count];
    for (int i = 0; i < count; i++) {
      weights[i] = parameters.get(i).weights().memory();
      this.firstMoments[i] = firstMoments[i].memory();
      this.secondMoments[i] = secondMoments[i].memory();
      coefficients[i] = new UpdateCoefficients();
    }
    tallies = new UpdateTally[threads];
    Arrays.setAll(tallies, _ -> new UpdateTally());
    spikes = new long[count];
    skipped = new long[count];
    clamped = new long[count];
    largestRatioBits = new int[count];
  }

  /** The coefficients of a tensor; set before {@link #run}. */
  UpdateCoefficients coefficients(int tensor) {
    return coefficients[tensor];
  }

  /** Updates all tensors that have a gradient, and zeroes the moments of all that reset. */
  void run(@Nullable MemorySegment[] gradientMemory) {
    System.arraycopy(gradientMemory, 0, gradients, 0, gradients.length);
    clearCounts();
    job.run();
  }

  private void update(int tensor, long from, long to, int participant) {
    UpdateCoefficients c = coefficients[tensor];
    MemorySegment m = firstMoments[tensor];
    MemorySegment v = secondMoments[tensor];
    if (c.resetsMoments) {
      Update.zero(m, from, to);
      Update.zero(v, from, to);
    }
    MemorySegment gradient = gradients[tensor];
    if (gradient != null) {
      UpdateTally tally = tallies[participant];
      tally.clear();
      tally.largestRatio = Float.intBitsToFloat((int) INTS.getOpaque(largestRatioBits, tensor));
      Update.apply(weights[tensor], gradient, m, v, from, to, c, tally);
      add(tally, tensor);
    }
  }

  private void add(UpdateTally tally, int tensor) {
    addTo(spikes, tensor, tally.spikes);
    addTo(skipped, tensor, tally.skipped);
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

  /** Forgets what the last run counted. */
  void clearCounts() {
    Arrays.fill(spikes, 0);
    Arrays.fill(skipped, 0);
    Arrays.fill(clamped, 0);
    Arrays.fill(largestRatioBits, 0);
  }

  /** Copies what was counted into a report. */
  void describe(StepReport report) {
    for (int i = 0; i < spikes.length; i++) {
      report.tensorSpikes[i] = spikes[i];
      report.tensorSkipped[i] = skipped[i];
      report.tensorClamped[i] = clamped[i];
      report.tensorLargestRatio[i] = Float.intBitsToFloat(largestRatioBits[i]);
    }
  }
}
