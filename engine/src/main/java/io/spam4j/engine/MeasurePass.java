package io.spam4j.engine;

import io.spam4j.engine.kernel.PlannedJob;
import io.spam4j.engine.kernel.WorkPlan;
import io.spam4j.tensors.simd.Measure;
import io.spam4j.tensors.simd.MeasureSum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The second of the three moves, measure: one pass over all gradients. Each block of a tensor has a
 * slot for its result; the slots are added in index order, whoever filled them.
 */
final class MeasurePass {
  private final PlannedJob job;
  private final @Nullable MemorySegment[] gradients;

  private final MemorySegment slots;
  private final long[] firstSlot; // of each tensor, and the end
  private final MemorySegment[] scratch; // of each participant
  private final MeasureSum sum = new MeasureSum();

  MeasurePass(WorkPlan plan, long[] elements, Arena arena, int threads) {
    job = new PlannedJob(plan, threads, this::measure);
    gradients = new MemorySegment[elements.length];
    firstSlot = new long[elements.length + 1];
    for (int i = 0; i < elements.length; i++) {
      firstSlot[i + 1] = firstSlot[i] + Measure.blockCount(elements[i]);
    }
    slots = arena.allocate(firstSlot[elements.length] * Measure.SLOT_BYTES, 64);
    scratch = new MemorySegment[threads];
    Arrays.setAll(scratch, _ -> arena.allocate(Measure.SCRATCH_BYTES, 64));
  }

  /** The bytes it allocated. */
  long bytes() {
    return slots.byteSize() + scratch.length * Measure.SCRATCH_BYTES;
  }

  /** Measures; null stands for a tensor without a gradient. */
  void run(@Nullable MemorySegment[] gradientMemory) {
    System.arraycopy(gradientMemory, 0, gradients, 0, gradients.length);
    job.run();
    sum.clear();
    for (int i = 0; i < gradients.length; i++) {
      if (gradients[i] != null) {
        sum.add(slots, firstSlot[i], firstSlot[i + 1] - firstSlot[i]);
      }
    }
  }

  private void measure(int tensor, long from, long to, int participant) {
    MemorySegment gradient = gradients[tensor];
    if (gradient != null) {
      long slot = firstSlot[tensor] + from / Measure.BLOCK;
      Measure.blocks(gradient, from, to, slots, slot, scratch[participant]);
    }
  }

  /** The sum of squares of all finite coordinates. */
  double sumOfSquares() {
    return sum.sumOfSquares();
  }

  /** How many coordinates are not finite. */
  long nonFinite() {
    return sum.nonFinite();
  }

  /** The names of the tensors that have coordinates that are not finite. */
  List<String> nonFiniteTensors(List<Parameter> parameters) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < gradients.length; i++) {
      var own = new MeasureSum();
      if (gradients[i] != null) {
        own.add(slots, firstSlot[i], firstSlot[i + 1] - firstSlot[i]);
      }
      if (own.nonFinite() > 0) {
        names.add(parameters.get(i).name());
      }
    }
    return names;
  }
}
