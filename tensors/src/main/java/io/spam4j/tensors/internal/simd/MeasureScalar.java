package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The measure of one block, an element at a time: the specification of the vector form. */
final class MeasureScalar {
  private MeasureScalar() {}

  /** Leaves the accumulators in {@code scratch} and the other two measures in the slot. */
  static void block(
      MemorySegment values,
      long from,
      int length,
      MemorySegment scratch,
      MemorySegment slots,
      long slotOffset) {
    for (int lane = 0; lane < Measure.LANES; lane++) {
      scratch.set(JAVA_DOUBLE_UNALIGNED, (long) lane * Double.BYTES, 0);
    }
    float maxAbs = 0;
    long nonFinite = 0;
    boolean hasNaN = false;
    for (int p = 0; p < length; p++) {
      float value = Math.abs(values.get(JAVA_FLOAT_UNALIGNED, (from + p) * Float.BYTES));
      if (!Float.isFinite(value)) {
        nonFinite++;
        hasNaN |= Float.isNaN(value);
        continue;
      }
      maxAbs = Math.max(maxAbs, value);
      long accumulator = (long) (p % Measure.LANES) * Double.BYTES;
      double sum = scratch.get(JAVA_DOUBLE_UNALIGNED, accumulator);
      // The square of a float is exact in double.
      scratch.set(JAVA_DOUBLE_UNALIGNED, accumulator, sum + (double) value * value);
    }
    slots.set(JAVA_DOUBLE_UNALIGNED, slotOffset + Measure.MAX_ABS_AT, maxAbs);
    slots.set(
        JAVA_LONG_UNALIGNED,
        slotOffset + Measure.NON_FINITE_AT,
        nonFinite | (hasNaN ? Measure.HAS_NAN : 0));
  }
}
