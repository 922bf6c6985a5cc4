package io.spam4j.tensors.internal.simd;

import static io.spam4j.tensors.internal.simd.MomentCodesScalar.CUT;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.LEAST;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.MAGNITUDE;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.MOST;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.OFFSET;
import static io.spam4j.tensors.internal.simd.MomentCodesScalar.SIGN;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.XOR;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link MomentCodesScalar}, for a full block; the same bits at every width. */
final class MomentCodesVector {
  /*
   * Four lanes of 128 bits have codes of 32 bits, which no vector has: they pass through an int.
   */
  private static final VectorSpecies<Float> F = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = F.withLanes(int.class);

  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, VectorMode.BITS / 4)));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfInt FOUR_CODES = JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final int LENGTH = F.length();

  /** Whether a vector of codes is narrower than any vector. */
  private static final boolean FOURS = LENGTH == 4;

  /** For each of four lanes, what moves its code to the top. */
  private static final IntVector TO_TOP =
      IntVector.broadcast(I, 24).sub(IntVector.zero(I).addIndex(8));

  private MomentCodesVector() {}

  /** Calls on memory of its own, for {@link Readiness}. */
  static Runnable exercise() {
    Arena arena = Arena.ofAuto();
    int n = MomentCodes.BLOCK;
    MemorySegment first = arena.allocate((long) n * Float.BYTES, 64);
    MemorySegment second = arena.allocate((long) n * Float.BYTES, 64);
    MemorySegment firstCodes = arena.allocate(n, 64);
    MemorySegment secondCodes = arena.allocate(n, 64);
    return () -> {
      int _ = largestBits(first, 0);
      long _ = range(second, 0);
      encode(first, second, 0, firstCodes, secondCodes, 0, MomentGrid.ONE, 1);
      decode(firstCodes, secondCodes, 0, MomentGrid.ONE, first, second, 0);
    };
  }

  static int largestBits(MemorySegment from, long fromElement) {
    if (!from.isNative()) {
      throw VectorMode.notNative();
    }
    IntVector largest = IntVector.zero(I);
    for (int i = 0; i < MomentCodes.BLOCK; i += LENGTH) {
      largest = largest.max(bits(from, fromElement + i).and(MAGNITUDE));
    }
    return largest.reduceLanes(MAX);
  }

  static long range(MemorySegment from, long fromElement) {
    if (!from.isNative()) {
      throw VectorMode.notNative();
    }
    IntVector largest = IntVector.zero(I);
    IntVector least = IntVector.broadcast(I, MAGNITUDE);
    for (int i = 0; i < MomentCodes.BLOCK; i += LENGTH) {
      IntVector magnitude = bits(from, fromElement + i).and(MAGNITUDE);
      largest = largest.max(magnitude);
      least = least.min(magnitude);
    }
    return (long) largest.reduceLanes(MAX) << Integer.SIZE | least.reduceLanes(MIN);
  }

  static void encode(
      MemorySegment first,
      MemorySegment second,
      long fromElement,
      MemorySegment firstCodes,
      MemorySegment secondCodes,
      long block,
      int grid,
      int start) {
    if (!(first.isNative()
        && second.isNative()
        && firstCodes.isNative()
        && secondCodes.isNative())) {
      throw VectorMode.notNative();
    }
    int shift = MomentGrid.shift(grid);
    int floor = MomentGrid.floor(grid);
    int dropped = (1 << shift) - 1;
    IntVector floors = IntVector.broadcast(I, floor);
    IntVector firstRoot = IntVector.broadcast(I, floor + dropped + 1);
    IntVector lastRoot = IntVector.broadcast(I, floor + (255 << shift));
    IntVector droppedBits = IntVector.broadcast(I, dropped);
    IntVector keptBits = IntVector.broadcast(I, ~dropped);
    IntVector nothing = IntVector.zero(I);
    long at = block * MomentCodes.BLOCK;
    int word = start;
    for (int i = 0; i < MomentCodes.BLOCK; i += LENGTH) {
      IntVector random = RoundingBitsVector.WORDS.add(word);
      random = random.lanewise(XOR, random.lanewise(LSHR, 16)).mul(RoundingBits.MULTIPLIER);
      random =
          random
              .lanewise(XOR, random.lanewise(LSHR, 15))
              .lanewise(XOR, RoundingBitsVector.INVERTED);
      IntVector r =
          bits(second, fromElement + i)
              .reinterpretAsFloats()
              .lanewise(SQRT)
              .reinterpretAsInts()
              .min(lastRoot);
      IntVector s = r.add(random.and(droppedBits)).and(keptBits).max(firstRoot);
      IntVector k = s.sub(floors).lanewise(LSHR, shift).blend(nothing, r.compare(EQ, nothing));
      store(k, secondCodes, at + i);
      IntVector m = bits(first, fromElement + i);
      FloatVector ratio = m.and(MAGNITUDE).reinterpretAsFloats().div(s.reinterpretAsFloats());
      IntVector x = ratio.add(OFFSET).reinterpretAsInts().min(MOST);
      IntVector j = x.add(random.lanewise(LSHR, Integer.SIZE - CUT)).lanewise(LSHR, CUT).sub(LEAST);
      IntVector sign = m.lanewise(ASHR, 31);
      store(j.lanewise(XOR, sign).sub(sign), firstCodes, at + i);
      word += RoundingBitsVector.STEP;
    }
  }

  static void decode(
      MemorySegment firstCodes,
      MemorySegment secondCodes,
      long from,
      int grid,
      MemorySegment first,
      MemorySegment second,
      long to) {
    if (!(first.isNative()
        && second.isNative()
        && firstCodes.isNative()
        && secondCodes.isNative())) {
      throw VectorMode.notNative();
    }
    int shift = MomentGrid.shift(grid);
    IntVector floors = IntVector.broadcast(I, MomentGrid.floor(grid));
    IntVector nothing = IntVector.zero(I);
    for (int i = 0; i < MomentCodes.BLOCK; i += LENGTH) {
      IntVector k = load(secondCodes, from + i).and(255);
      IntVector bits = k.lanewise(LSHL, shift).add(floors).blend(nothing, k.compare(EQ, nothing));
      FloatVector root = bits.reinterpretAsFloats();
      IntVector j = load(firstCodes, from + i);
      FloatVector x =
          j.lanewise(ABS).add(LEAST).lanewise(LSHL, CUT).reinterpretAsFloats().sub(OFFSET);
      IntVector signed = x.mul(root).reinterpretAsInts().or(j.and(SIGN));
      long at = (to + i) * Float.BYTES;
      signed.intoMemorySegment(first, at, ORDER);
      root.mul(root).intoMemorySegment(second, at, ORDER);
    }
  }

  private static IntVector bits(MemorySegment from, long element) {
    return IntVector.fromMemorySegment(I, from, element * Float.BYTES, ORDER);
  }

  /** Codes with their sign. */
  private static IntVector load(MemorySegment codes, long at) {
    if (FOURS) {
      return IntVector.broadcast(I, codes.get(FOUR_CODES, at))
          .lanewise(LSHL, TO_TOP)
          .lanewise(ASHR, 24);
    }
    return (IntVector) ByteVector.fromMemorySegment(B, codes, at, ORDER).convertShape(B2I, I, 0);
  }

  /** Stores the low bytes. */
  private static void store(IntVector values, MemorySegment codes, long at) {
    ByteVector bytes = (ByteVector) values.convertShape(I2B, B, 0);
    if (FOURS) {
      codes.set(FOUR_CODES, at, bytes.reinterpretAsInts().lane(0));
    } else {
      bytes.intoMemorySegment(codes, at, ORDER);
    }
  }
}
