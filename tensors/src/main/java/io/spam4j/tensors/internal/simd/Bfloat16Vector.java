package io.spam4j.tensors.internal.simd;

import static io.spam4j.tensors.internal.simd.Bfloat16Scalar.INFINITY;
import static io.spam4j.tensors.internal.simd.Bfloat16Scalar.MAGNITUDE;
import static io.spam4j.tensors.internal.simd.Bfloat16Scalar.QUIET;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link Bfloat16Scalar}; the same bits at every vector width. */
final class Bfloat16Vector {
  /*
   * Bound by arithmetic, as the float32 side is in the first-level cache: 3 instructions a vector to
   * decode, about 10 to encode, 7 more for random bits. All are on integers, so no NaN needs care but
   * where it is the value. Half vectors of 16-bit lanes widen and narrow without crossing lanes more
   * than that needs.
   */
  private static final VectorSpecies<Integer> I = VectorWidth.floats().withLanes(int.class);

  private static final VectorSpecies<Short> H =
      VectorSpecies.of(short.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int LENGTH = I.length();
  private static final int STEP = RoundingBitsVector.STEP;

  private Bfloat16Vector() {}

  /** Calls on memory of its own, for {@link Readiness}. */
  static Runnable exercise() {
    Arena arena = Arena.ofAuto();
    int n = Readiness.ELEMENTS;
    MemorySegment floats = arena.allocate((long) n * Float.BYTES, 64);
    MemorySegment high = arena.allocate((long) n * Short.BYTES, 64);
    MemorySegment low = arena.allocate((long) n * Short.BYTES, 64);
    return () -> {
      encodeNearest(floats, 0, high, 0, n);
      for (Draw draw : Draw.values()) {
        encodeStochastic(floats, 0, high, 0, n, draw, 1, 0);
      }
      encodeSplit(floats, 0, high, 0, low, 0, n);
      decodeSplit(high, 0, low, 0, floats, 0, n);
      decode(high, 0, floats, 0, n);
    };
  }

  static void decode(
      MemorySegment from, long fromElement, MemorySegment to, long toElement, long count) {
    if (!(from.isNative() && to.isNative())) {
      throw VectorMode.notNative();
    }
    long end = I.loopBound(count);
    for (long i = 0; i < end; i += LENGTH) {
      store(load(from, fromElement + i).lanewise(LSHL, 16), to, toElement + i);
    }
    Bfloat16Scalar.decode(from, fromElement + end, to, toElement + end, count - end);
  }

  static void encodeNearest(
      MemorySegment from, long fromElement, MemorySegment to, long toElement, long count) {
    if (!(from.isNative() && to.isNative())) {
      throw VectorMode.notNative();
    }
    long end = I.loopBound(count);
    for (long i = 0; i < end; i += LENGTH) {
      IntVector bits = loadBits(from, fromElement + i);
      IntVector even = bits.lanewise(LSHR, 16).and(1);
      IntVector rounded = bits.add(0x7fff).add(even);
      storeUpper(keepNaN(rounded, bits, bits.and(MAGNITUDE)), to, toElement + i);
    }
    Bfloat16Scalar.encodeNearest(from, fromElement + end, to, toElement + end, count - end);
  }

  static void encodeStochastic(
      MemorySegment from,
      long fromElement,
      MemorySegment to,
      long toElement,
      long count,
      Draw draw,
      long mixedKey,
      long index) {
    if (!(from.isNative() && to.isNative())) {
      throw VectorMode.notNative();
    }
    long end = I.loopBound(count);
    int start = RoundingBits.start(mixedKey, index);
    for (long i = 0; i < end; i += LENGTH) {
      IntVector word = RoundingBitsVector.WORDS.add(start);
      word = word.lanewise(XOR, word.lanewise(LSHR, 16)).mul(RoundingBits.MULTIPLIER);
      word = word.lanewise(XOR, word.lanewise(LSHR, 15)).mul(draw.multiplier);
      IntVector random =
          word.lanewise(LSHR, draw.shift)
              .and(RoundingBits.MASK)
              .lanewise(XOR, RoundingBitsVector.ODD);
      IntVector bits = loadBits(from, fromElement + i);
      storeUpper(keepNaN(bits.add(random), bits, bits.and(MAGNITUDE)), to, toElement + i);
      start += STEP;
    }
    Bfloat16Scalar.encodeStochastic(
        from, fromElement + end, to, toElement + end, count - end, draw, mixedKey, index + end);
  }

  static void encodeSplit(
      MemorySegment from,
      long fromElement,
      MemorySegment high,
      long highElement,
      MemorySegment low,
      long lowElement,
      long count) {
    if (!(from.isNative() && high.isNative() && low.isNative())) {
      throw VectorMode.notNative();
    }
    long end = I.loopBound(count);
    for (long i = 0; i < end; i += LENGTH) {
      IntVector bits = loadBits(from, fromElement + i);
      storeUpper(bits.add(0x8000), high, highElement + i);
      storeLower(bits, low, lowElement + i); // what (high << 16) takes away is not in this half
    }
    Bfloat16Scalar.encodeSplit(
        from, fromElement + end, high, highElement + end, low, lowElement + end, count - end);
  }

  static void decodeSplit(
      MemorySegment high,
      long highElement,
      MemorySegment low,
      long lowElement,
      MemorySegment to,
      long toElement,
      long count) {
    if (!(high.isNative() && low.isNative() && to.isNative())) {
      throw VectorMode.notNative();
    }
    long end = I.loopBound(count);
    for (long i = 0; i < end; i += LENGTH) {
      IntVector upper = load(high, highElement + i).lanewise(LSHL, 16);
      store(upper.add(load(low, lowElement + i)), to, toElement + i);
    }
    Bfloat16Scalar.decodeSplit(
        high, highElement + end, low, lowElement + end, to, toElement + end, count - end);
  }

  private static IntVector keepNaN(IntVector rounded, IntVector bits, IntVector magnitude) {
    return rounded.blend(bits.or(QUIET), magnitude.compare(GT, INFINITY));
  }

  private static IntVector loadBits(MemorySegment from, long element) {
    return IntVector.fromMemorySegment(I, from, element * Float.BYTES, ORDER);
  }

  private static void store(IntVector bits, MemorySegment to, long element) {
    bits.intoMemorySegment(to, element * Float.BYTES, ORDER);
  }

  /** Signed 16-bit numbers. */
  private static IntVector load(MemorySegment from, long element) {
    ShortVector halves = ShortVector.fromMemorySegment(H, from, element * Short.BYTES, ORDER);
    return (IntVector) halves.convertShape(S2I, I, 0);
  }

  private static void storeUpper(IntVector bits, MemorySegment to, long element) {
    storeLower(bits.lanewise(LSHR, 16), to, element);
  }

  private static void storeLower(IntVector bits, MemorySegment to, long element) {
    ((ShortVector) bits.convertShape(I2S, H, 0))
        .intoMemorySegment(to, element * Short.BYTES, ORDER);
  }
}
