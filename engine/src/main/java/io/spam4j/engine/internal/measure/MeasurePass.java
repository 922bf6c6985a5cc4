package io.spam4j.engine.internal.measure;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.internal.memory.Owned;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Measure;
import io.spam4j.tensors.internal.simd.MeasureSum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The second of the three moves, measure: one pass over all gradients. Each block of a tensor has a
 * slot for its result; the slots are added in a fixed order, whoever filled them. Blocks in which a
 * transform changed something can be measured again, alone.
 */
public final class MeasurePass implements AutoCloseable {
  /** What was changed since it was measured. */
  public interface ChangedBlocks {
    /** Blocks of a tensor with a larger magnitude were changed; negative if all were. */
    float above(int tensor);

    /**
     * The elements {@code [from, to)} of a tensor as they are now, from float 0 of the segment on.
     *
     * @param gradient as it was measured first
     */
    MemorySegment block(Tensor gradient, int tensor, long from, long to, int participant);
  }

  private static final long DECODED_BYTES = (long) Measure.BLOCK * Float.BYTES;

  private final PlannedJob<MeasurePass> job;
  private final PlannedJob<ChangedBlocks> againJob;
  private final boolean poisons;
  private final @Nullable Tensor[] gradients;

  private final MemorySegment slots;
  private final long[] firstSlot; // of each tensor, and the end
  private final MemorySegment[] scratch; // of each participant
  private final Supplier<Arena> arenas;

  // Of each participant: a block as float32, if need be.
  private @Nullable Owned<List<MemorySegment>> decoded;
  private final MeasureSum sum = new MeasureSum();
  private final float[] maxAbs;
  private final double[] sumOfSquares;
  private final long[] nonFinite;

  /**
   * A pass over tensors of these sizes.
   *
   * @param poisons whether coordinates that are not finite count: an infinite one makes its
   *     tensor's statistics infinite, one that is NaN makes them NaN; otherwise they are left out
   * @param arena closed by the caller
   * @param arenas makes those that are closed here
   */
  public MeasurePass(
      WorkPlan plan,
      long[] elements,
      boolean poisons,
      Arena arena,
      Supplier<Arena> arenas,
      int threads) {
    this.arenas = arenas;
    job = new PlannedJob<>(plan, threads, MeasurePass::measure);
    againJob = new PlannedJob<>(plan, threads, this::measureAgain);
    this.poisons = poisons;
    gradients = new Tensor[elements.length];
    firstSlot = firstSlots(elements);
    slots = arena.allocate(firstSlot[elements.length] * Measure.SLOT_BYTES, 64);
    scratch = new MemorySegment[threads];
    Arrays.setAll(scratch, _ -> arena.allocate(Measure.SCRATCH_BYTES, 64));
    maxAbs = new float[elements.length];
    sumOfSquares = new double[elements.length];
    nonFinite = new long[elements.length];
  }

  private static long[] firstSlots(long[] elements) {
    long[] firsts = new long[elements.length + 1];
    for (int i = 0; i < elements.length; i++) {
      firsts[i + 1] = firsts[i] + Measure.blockCount(elements[i]);
    }
    return firsts;
  }

  /** The bytes that a pass over tensors of these sizes allocates, if they are F32. */
  public static long bytes(long[] elements, int threads) {
    return firstSlots(elements)[elements.length] * Measure.SLOT_BYTES
        + threads * Measure.SCRATCH_BYTES;
  }

  /**
   * Measures; null stands for a tensor without a gradient.
   *
   * @throws OutOfMemoryError if there is no memory for decoded blocks; nothing is held then
   */
  public void run(@Nullable Tensor[] ofStep) {
    makeRoom(ofStep);
    System.arraycopy(ofStep, 0, gradients, 0, gradients.length);
    job.run(this);
    for (int i = 0; i < gradients.length; i++) {
      add(i);
    }
  }

  private void makeRoom(@Nullable Tensor[] ofStep) {
    for (int i = 0; i < ofStep.length && decoded == null; i++) {
      Tensor gradient = ofStep[i];
      if (gradient != null && gradient.dtype() != DType.F32) {
        decoded = Owned.in(arenas, this::blocks);
      }
    }
  }

  private List<MemorySegment> blocks(Arena arena) {
    return Stream.generate(() -> arena.allocate(DECODED_BYTES, 64)).limit(scratch.length).toList();
  }

  @Override
  public void close() {
    if (decoded != null) {
      decoded.close();
      decoded = null;
    }
  }

  private void measure(int tensor, long from, long to, int participant) {
    Tensor gradient = gradients[tensor];
    if (gradient == null) {
      return;
    }
    long slot = firstSlot[tensor] + from / Measure.BLOCK;
    if (gradient.dtype() == DType.F32) {
      Measure.blocks(gradient.memory(), from, to, slots, slot, scratch[participant]);
      return;
    }
    MemorySegment block = Objects.requireNonNull(decoded).value().get(participant);
    for (long start = from; start < to; start += Measure.BLOCK) {
      long count = Math.min(to - start, Measure.BLOCK);
      Float32Copy.copy(gradient, start, count, block);
      Measure.blocks(block, 0, count, slots, slot++, scratch[participant]);
    }
  }

  private void add(int tensor) {
    sum.clear();
    if (gradients[tensor] != null) {
      sum.add(slots, firstSlot[tensor], firstSlot[tensor + 1] - firstSlot[tensor]);
    }
    nonFinite[tensor] = sum.nonFinite();
    if (poisons && nonFinite[tensor] > 0) {
      double poison = sum.hasNaN() ? Double.NaN : Double.POSITIVE_INFINITY;
      maxAbs[tensor] = (float) poison;
      sumOfSquares[tensor] = poison;
    } else {
      maxAbs[tensor] = (float) sum.maxAbs();
      sumOfSquares[tensor] = sum.sumOfSquares();
    }
  }

  /** Makes the statistics of a tensor those of the tensor times a factor. */
  public void scale(int tensor, float factor) {
    if (factor != 1 && gradients[tensor] != null) {
      Measure.scale(slots, firstSlot[tensor], firstSlot[tensor + 1], factor);
      add(tensor);
    }
  }

  /**
   * Measures again the blocks that were changed; those of a tensor that has none are left alone.
   */
  public void again(ChangedBlocks changed) {
    boolean any = false;
    for (int i = 0; i < gradients.length; i++) {
      any |= gradients[i] != null && maxAbs[i] > changed.above(i);
    }
    if (!any) {
      return;
    }
    againJob.run(changed);
    for (int i = 0; i < gradients.length; i++) {
      add(i);
    }
  }

  private void measureAgain(
      ChangedBlocks changed, int tensor, long from, long to, int participant) {
    Tensor gradient = gradients[tensor];
    float above = changed.above(tensor);
    if (gradient == null || !(maxAbs[tensor] > above)) {
      return;
    }
    for (long start = from; start < to; start += Measure.BLOCK) {
      long slot = firstSlot[tensor] + start / Measure.BLOCK;
      if (Measure.maxAbs(slots, slot) > above || (poisons && Measure.hasNonFinite(slots, slot))) {
        long end = Math.min(to, start + Measure.BLOCK);
        MemorySegment block = changed.block(gradient, tensor, start, end, participant);
        Measure.blocks(block, 0, end - start, slots, slot, scratch[participant]);
      }
    }
  }

  /**
   * Whether a tensor has a gradient with a finite coordinate, or one in which coordinates that are
   * not finite count.
   */
  public boolean isKnown(int tensor) {
    Tensor gradient = gradients[tensor];
    return gradient != null && (poisons || nonFinite[tensor] < gradient.elements());
  }

  /** The largest magnitude of a tensor's finite coordinates, or of all if those count. */
  public float maxAbs(int tensor) {
    return maxAbs[tensor];
  }

  /** The sum of squares of a tensor's finite coordinates, or of all if those count. */
  public double sumOfSquares(int tensor) {
    return sumOfSquares[tensor];
  }

  /** The sum of squares of all finite coordinates: of the tensors' sums, 0 where there is none. */
  public double totalSumOfSquares() {
    sum.clear();
    double poison = 0; // a compensated sum makes NaN of infinities
    for (int i = 0; i < gradients.length; i++) {
      boolean poisoned = poisons && nonFinite[i] > 0;
      poison += poisoned ? sumOfSquares[i] : 0;
      sum.add(poisoned ? 0 : sumOfSquares[i], maxAbs[i], nonFinite[i]);
    }
    return poison == 0 ? sum.sumOfSquares() : poison;
  }

  /** Counts others with those that are not finite, for a step that does not take place. */
  public void addNonFinite(int tensor, long count) {
    nonFinite[tensor] += count;
  }

  /** How many coordinates of a tensor are not finite. */
  public long nonFinite(int tensor) {
    return nonFinite[tensor];
  }

  /** How many coordinates are not finite. */
  public long nonFinite() {
    long count = 0;
    for (long n : nonFinite) {
      count += n;
    }
    return count;
  }

  /** The names of the tensors that have coordinates that are not finite. */
  public List<String> nonFiniteTensors(List<Parameter> parameters) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < nonFinite.length; i++) {
      if (nonFinite[i] > 0) {
        names.add(parameters.get(i).name());
      }
    }
    return names;
  }
}
