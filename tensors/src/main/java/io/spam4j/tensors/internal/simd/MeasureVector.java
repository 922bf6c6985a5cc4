package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.MAX;

import java.lang.foreign.Arena;
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

  private static final long BLOCK_BYTES = (long) Measure.BLOCK * Float.BYTES;

  private MeasureVector() {}

  /** Calls on memory of its own, for {@link Readiness}. */
  static Runnable exercise() {
    Arena arena = Arena.ofAuto();
    long blocks = Measure.SIDE_BY_SIDE;
    MemorySegment values = arena.allocate(blocks * Measure.BLOCK * Float.BYTES, 64);
    MemorySegment scratch = arena.allocate(Measure.SCRATCH_BYTES, 64);
    MemorySegment slots = arena.allocate(blocks * Measure.SLOT_BYTES, 64);
    return () -> {
      block(values, 0, scratch, slots, 0);
      if (takesBlocksSideBySide()) {
        sideBySide(values, 0, scratch, slots, 0);
      }
    };
  }

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
    } else {
      note(maxBits, slots, slotOffset);
    }
  }

  /** Notes the maximum of a block that is finite. */
  private static void note(int maxBits, MemorySegment slots, long slotOffset) {
    slots.set(
        JAVA_DOUBLE_UNALIGNED, slotOffset + Measure.MAX_ABS_AT, Float.intBitsToFloat(maxBits));
    slots.set(JAVA_LONG_UNALIGNED, slotOffset + Measure.NON_FINITE_AT, 0);
  }

  /** Whether vectors are so long that {@link #sideBySide} can be used. */
  static boolean takesBlocksSideBySide() {
    return 2 * D.length() == Measure.LANES;
  }

  /**
   * Four blocks at once, the accumulators of each behind those of the one before: one core reads
   * four streams faster than one. Written out, because vectors in arrays would lie on the heap.
   */
  static void sideBySide(
      MemorySegment values,
      long from,
      MemorySegment scratch,
      MemorySegment slots,
      long slotOffset) {
    if (!(values.isNative() && scratch.isNative())) {
      throw VectorMode.notNative();
    }
    long half = (long) F.length() * Float.BYTES;
    long start = from * Float.BYTES;
    DoubleVector sumA0 = DoubleVector.zero(D);
    DoubleVector sumA1 = DoubleVector.zero(D);
    IntVector maxA = IntVector.zero(I);
    DoubleVector sumB0 = DoubleVector.zero(D);
    DoubleVector sumB1 = DoubleVector.zero(D);
    IntVector maxB = IntVector.zero(I);
    DoubleVector sumC0 = DoubleVector.zero(D);
    DoubleVector sumC1 = DoubleVector.zero(D);
    IntVector maxC = IntVector.zero(I);
    DoubleVector sumD0 = DoubleVector.zero(D);
    DoubleVector sumD1 = DoubleVector.zero(D);
    IntVector maxD = IntVector.zero(I);
    for (int p = 0; p < Measure.BLOCK; p += Measure.LANES) {
      long at = start + (long) p * Float.BYTES;
      FloatVector valuesA0 = FloatVector.fromMemorySegment(F, values, at, ORDER);
      FloatVector valuesA1 = FloatVector.fromMemorySegment(F, values, at + half, ORDER);
      FloatVector valuesB0 = FloatVector.fromMemorySegment(F, values, at + BLOCK_BYTES, ORDER);
      FloatVector valuesB1 =
          FloatVector.fromMemorySegment(F, values, at + BLOCK_BYTES + half, ORDER);
      FloatVector valuesC0 = FloatVector.fromMemorySegment(F, values, at + 2 * BLOCK_BYTES, ORDER);
      FloatVector valuesC1 =
          FloatVector.fromMemorySegment(F, values, at + 2 * BLOCK_BYTES + half, ORDER);
      FloatVector valuesD0 = FloatVector.fromMemorySegment(F, values, at + 3 * BLOCK_BYTES, ORDER);
      FloatVector valuesD1 =
          FloatVector.fromMemorySegment(F, values, at + 3 * BLOCK_BYTES + half, ORDER);
      maxA = maxA.max(valuesA0.reinterpretAsInts().and(MAGNITUDE));
      maxA = maxA.max(valuesA1.reinterpretAsInts().and(MAGNITUDE));
      DoubleVector a0 = (DoubleVector) valuesA0.convertShape(F2D, D, 0);
      DoubleVector a1 = (DoubleVector) valuesA1.convertShape(F2D, D, 0);
      sumA0 = sumA0.add(a0.mul(a0));
      sumA1 = sumA1.add(a1.mul(a1));
      maxB = maxB.max(valuesB0.reinterpretAsInts().and(MAGNITUDE));
      maxB = maxB.max(valuesB1.reinterpretAsInts().and(MAGNITUDE));
      DoubleVector b0 = (DoubleVector) valuesB0.convertShape(F2D, D, 0);
      DoubleVector b1 = (DoubleVector) valuesB1.convertShape(F2D, D, 0);
      sumB0 = sumB0.add(b0.mul(b0));
      sumB1 = sumB1.add(b1.mul(b1));
      maxC = maxC.max(valuesC0.reinterpretAsInts().and(MAGNITUDE));
      maxC = maxC.max(valuesC1.reinterpretAsInts().and(MAGNITUDE));
      DoubleVector c0 = (DoubleVector) valuesC0.convertShape(F2D, D, 0);
      DoubleVector c1 = (DoubleVector) valuesC1.convertShape(F2D, D, 0);
      sumC0 = sumC0.add(c0.mul(c0));
      sumC1 = sumC1.add(c1.mul(c1));
      maxD = maxD.max(valuesD0.reinterpretAsInts().and(MAGNITUDE));
      maxD = maxD.max(valuesD1.reinterpretAsInts().and(MAGNITUDE));
      DoubleVector d0 = (DoubleVector) valuesD0.convertShape(F2D, D, 0);
      DoubleVector d1 = (DoubleVector) valuesD1.convertShape(F2D, D, 0);
      sumD0 = sumD0.add(d0.mul(d0));
      sumD1 = sumD1.add(d1.mul(d1));
    }
    long next = (long) D.length() * Double.BYTES;
    sumA0.intoMemorySegment(scratch, 0 * next, ORDER);
    sumA1.intoMemorySegment(scratch, 1 * next, ORDER);
    sumB0.intoMemorySegment(scratch, 2 * next, ORDER);
    sumB1.intoMemorySegment(scratch, 3 * next, ORDER);
    sumC0.intoMemorySegment(scratch, 4 * next, ORDER);
    sumC1.intoMemorySegment(scratch, 5 * next, ORDER);
    sumD0.intoMemorySegment(scratch, 6 * next, ORDER);
    sumD1.intoMemorySegment(scratch, 7 * next, ORDER);
    finish(values, from, 0, maxA.reduceLanes(MAX), scratch, slots, slotOffset);
    finish(values, from, 1, maxB.reduceLanes(MAX), scratch, slots, slotOffset);
    finish(values, from, 2, maxC.reduceLanes(MAX), scratch, slots, slotOffset);
    finish(values, from, 3, maxD.reduceLanes(MAX), scratch, slots, slotOffset);
  }

  /** Notes the maximum of one of several blocks, or has it measured element by element. */
  private static void finish(
      MemorySegment values,
      long from,
      int block,
      int maxBits,
      MemorySegment scratch,
      MemorySegment slots,
      long slotOffset) {
    long slot = slotOffset + block * Measure.SLOT_BYTES;
    if (maxBits >= INFINITY) {
      MemorySegment own =
          scratch.asSlice(block * Measure.ACCUMULATOR_BYTES, Measure.ACCUMULATOR_BYTES);
      long first = from + (long) block * Measure.BLOCK;
      MeasureScalar.block(values, first, Measure.BLOCK, own, slots, slot);
    } else {
      note(maxBits, slots, slot);
    }
  }

  private static IntVector magnitude(FloatVector values) {
    return values.reinterpretAsInts().and(MAGNITUDE);
  }
}
