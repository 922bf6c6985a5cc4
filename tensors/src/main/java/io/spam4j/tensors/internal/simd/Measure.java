package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Sum of squares, largest magnitude and non-finite count of float32 elements, a block at a time.
 * Each block's results go to a slot of their own, so that blocks can be measured by any thread in
 * any order and {@link MeasureSum} still adds them in a fixed one.
 */
public final class Measure {
  /** Elements a block; blocks start at multiples of it. */
  public static final int BLOCK = 4096;

  /** Bytes of a slot: sum of squares, largest magnitude, non-finite elements. */
  public static final long SLOT_BYTES = 3 * Long.BYTES;

  /** Accumulators of a block: element p of it goes to accumulator p mod 16. */
  static final int LANES = 16;

  /** The most blocks that are measured side by side. */
  static final int SIDE_BY_SIDE = 4;

  /** Bytes of the accumulators of a block. */
  static final long ACCUMULATOR_BYTES = (long) LANES * Double.BYTES;

  /** Bytes of the working memory that each measuring thread brings. */
  public static final long SCRATCH_BYTES = SIDE_BY_SIDE * ACCUMULATOR_BYTES;

  /** Added to the count of non-finite elements of a slot: some are NaN, not all infinite. */
  public static final long HAS_NAN = 1L << 62;

  static final long MAX_ABS_AT = Double.BYTES;
  static final long NON_FINITE_AT = 2 * Double.BYTES;

  private static final Readiness READINESS =
      new Readiness("measure", () -> MeasureVector.exercise(), 100_000);

  private Measure() {}

  /** The number of blocks, and so of slots, of {@code elements} elements. */
  public static long blockCount(long elements) {
    return (elements + BLOCK - 1) / BLOCK;
  }

  /**
   * Measures the elements {@code [from, to)}, where {@code from} is a multiple of {@link #BLOCK}
   * and {@code to} is one too or the end of the tensor.
   *
   * @param slots receives one slot a block, the first at index {@code slot}
   * @param scratch {@link #SCRATCH_BYTES} that no other thread uses
   */
  public static void blocks(
      MemorySegment values,
      long from,
      long to,
      MemorySegment slots,
      long slot,
      MemorySegment scratch) {
    long slotOffset = slot * SLOT_BYTES;
    long start = from;
    boolean vectors = VectorMode.isUsedOn(values) && READINESS.get();
    if (vectors && MeasureVector.takesBlocksSideBySide()) {
      long step = (long) SIDE_BY_SIDE * BLOCK;
      for (; start + step <= to; start += step, slotOffset += SIDE_BY_SIDE * SLOT_BYTES) {
        MeasureVector.sideBySide(values, start, scratch, slots, slotOffset);
        for (int i = 0; i < SIDE_BY_SIDE; i++) {
          double sum = pairwiseSum(scratch, i * ACCUMULATOR_BYTES);
          slots.set(JAVA_DOUBLE_UNALIGNED, slotOffset + i * SLOT_BYTES, sum);
        }
      }
    }
    for (; start < to; start += BLOCK, slotOffset += SLOT_BYTES) {
      int length = (int) Math.min(BLOCK, to - start);
      if (vectors && length == BLOCK) {
        MeasureVector.block(values, start, scratch, slots, slotOffset);
      } else {
        MeasureScalar.block(values, start, length, scratch, slots, slotOffset);
      }
      slots.set(JAVA_DOUBLE_UNALIGNED, slotOffset, pairwiseSum(scratch, 0));
    }
  }

  /** The largest magnitude of the finite elements of a block. */
  public static float maxAbs(MemorySegment slots, long slot) {
    return (float) slots.get(JAVA_DOUBLE_UNALIGNED, slot * SLOT_BYTES + MAX_ABS_AT);
  }

  /** Whether a block has non-finite elements. */
  public static boolean hasNonFinite(MemorySegment slots, long slot) {
    return slots.get(JAVA_LONG_UNALIGNED, slot * SLOT_BYTES + NON_FINITE_AT) != 0;
  }

  /** Makes the slots {@code [from, to)} those of the same elements times a factor. */
  public static void scale(MemorySegment slots, long from, long to, float factor) {
    boolean makesNaN = factor == 0 || Float.isNaN(factor); // of infinities
    for (long at = from * SLOT_BYTES; at < to * SLOT_BYTES; at += SLOT_BYTES) {
      double sum = slots.get(JAVA_DOUBLE_UNALIGNED, at);
      float maxAbs = (float) slots.get(JAVA_DOUBLE_UNALIGNED, at + MAX_ABS_AT);
      slots.set(JAVA_DOUBLE_UNALIGNED, at, sum * factor * factor);
      slots.set(JAVA_DOUBLE_UNALIGNED, at + MAX_ABS_AT, maxAbs * Math.abs(factor));
      long nonFinite = slots.get(JAVA_LONG_UNALIGNED, at + NON_FINITE_AT);
      if (makesNaN && nonFinite != 0) {
        slots.set(JAVA_LONG_UNALIGNED, at + NON_FINITE_AT, nonFinite | HAS_NAN);
      }
    }
  }

  /** Adds the accumulators: ((a0 + a1) + (a2 + a3)) + ..., whoever filled them. */
  static double pairwiseSum(MemorySegment scratch, long offset) {
    for (int stride = 1; stride < LANES; stride *= 2) {
      for (int lane = 0; lane < LANES; lane += 2 * stride) {
        long at = offset + (long) lane * Double.BYTES;
        double left = scratch.get(JAVA_DOUBLE_UNALIGNED, at);
        double right = scratch.get(JAVA_DOUBLE_UNALIGNED, at + (long) stride * Double.BYTES);
        scratch.set(JAVA_DOUBLE_UNALIGNED, at, left + right);
      }
    }
    return scratch.get(JAVA_DOUBLE_UNALIGNED, offset);
  }
}
