package io.spam4j.tensors.simd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.MAX;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link MeasureScalar}, for a full block; the same bits at every vector width. */
final class MeasureVector {
  /*
   * A pass keeps two double vectors of accumulators, the least that hides the latency of the
   * addition. At 512 bits these are all 16 and one pass does; narrower vectors take two or four
   * passes over the block, which by then is in the first-level cache. Magnitudes are compared as
   * integers: their bits order as they do, and no NaN needs care. Whether a block has elements that
   * are not finite shows in its maximum; such a block, which should be rare, is left to the scalar
   * form.
   */
  private static final VectorSpecies<Double> D =
      VectorSpecies.of(double.class, VectorShape.forBitSize(VectorMode.BITS));

  private static final VectorSpecies<Float> F =
      VectorSpecies.of(float.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  private static final VectorSpecies<Integer> I = F.withLanes(int.class);

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int MAGNITUDE = 0x7fff_ffff;
  private static final int INFINITY = 0x7f80_0000;

  private MeasureVector() {}

  /** Leaves the accumulators in {@code scratch} and the other two measures in the slot. */
  static void block(
      MemorySegment values,
      long from,
      MemorySegment scratch,
      MemorySegment slots,
      long slotOffset) {
    if (!(values.isNative() && scratch.isNative())) {
      throw VectorMode.notNative();
    }
    int length = D.length();
    int maxBits = 0;
    for (int lane = 0; lane < Measure.LANES; lane += 2 * length) {
      DoubleVector sumA = DoubleVector.zero(D);
      DoubleVector sumB = DoubleVector.zero(D);
      IntVector max = IntVector.zero(I);
      long start = (from + lane) * Float.BYTES;
      for (int p = 0; p < Measure.BLOCK; p += Measure.LANES) {
        long at = start + (long) p * Float.BYTES;
        FloatVector valuesA = FloatVector.fromMemorySegment(F, values, at, ORDER);
        FloatVector valuesB =
            FloatVector.fromMemorySegment(F, values, at + (long) length * Float.BYTES, ORDER);
        max = max.max(magnitude(valuesA)).max(magnitude(valuesB));
        DoubleVector a = (DoubleVector) valuesA.convertShape(F2D, D, 0);
        DoubleVector b = (DoubleVector) valuesB.convertShape(F2D, D, 0);
        sumA = sumA.add(a.mul(a));
        sumB = sumB.add(b.mul(b));
      }
      sumA.intoMemorySegment(scratch, (long) lane * Double.BYTES, ORDER);
      sumB.intoMemorySegment(scratch, (long) (lane + length) * Double.BYTES, ORDER);
      maxBits = Math.max(maxBits, max.reduceLanes(MAX));
    }
    if (maxBits >= INFINITY) {
      MeasureScalar.block(values, from, Measure.BLOCK, scratch, slots, slotOffset);
      return;
    }
    slots.set(
        JAVA_DOUBLE_UNALIGNED, slotOffset + Measure.MAX_ABS_AT, Float.intBitsToFloat(maxBits));
    slots.set(JAVA_LONG_UNALIGNED, slotOffset + Measure.NON_FINITE_AT, 0);
  }

  private static IntVector magnitude(FloatVector values) {
    return values.reinterpretAsInts().and(MAGNITUDE);
  }
}
