package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.MemorySegment;

/** The bfloat16 codecs, an element at a time: the specification of the vector form. */
final class Bfloat16Scalar {
  static final int MAGNITUDE = 0x7fff_ffff;
  static final int INFINITY = 0x7f80_0000;
  static final int QUIET = 0x0040_0000;

  private Bfloat16Scalar() {}

  static void decode(
      MemorySegment from, long fromElement, MemorySegment to, long toElement, long count) {
    for (long i = 0; i < count; i++) {
      setBits(to, toElement + i, half(from, fromElement + i) << 16);
    }
  }

  static void encodeNearest(
      MemorySegment from, long fromElement, MemorySegment to, long toElement, long count) {
    for (long i = 0; i < count; i++) {
      int bits = bits(from, fromElement + i);
      int even = bits >>> 16 & 1;
      int rounded = bits + 0x7fff + even;
      setHalf(to, toElement + i, (isNaN(bits) ? bits | QUIET : rounded) >>> 16);
    }
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
    for (long i = 0; i < count; i++) {
      int bits = bits(from, fromElement + i);
      int rounded = bits + RoundingBits.draw(draw, mixedKey, index + i);
      setHalf(to, toElement + i, (isNaN(bits) ? bits | QUIET : rounded) >>> 16);
    }
  }

  static void encodeSplit(
      MemorySegment from,
      long fromElement,
      MemorySegment high,
      long highElement,
      MemorySegment low,
      long lowElement,
      long count) {
    for (long i = 0; i < count; i++) {
      int bits = bits(from, fromElement + i);
      int upper = (bits + 0x8000) >>> 16;
      setHalf(high, highElement + i, upper);
      setHalf(low, lowElement + i, bits - (upper << 16));
    }
  }

  static void decodeSplit(
      MemorySegment high,
      long highElement,
      MemorySegment low,
      long lowElement,
      MemorySegment to,
      long toElement,
      long count) {
    for (long i = 0; i < count; i++) {
      int upper = half(high, highElement + i) << 16;
      setBits(to, toElement + i, upper + half(low, lowElement + i));
    }
  }

  private static boolean isNaN(int bits) {
    return (bits & MAGNITUDE) > INFINITY;
  }

  private static int bits(MemorySegment from, long element) {
    return from.get(JAVA_INT_UNALIGNED, element * Float.BYTES);
  }

  private static void setBits(MemorySegment to, long element, int bits) {
    to.set(JAVA_INT_UNALIGNED, element * Float.BYTES, bits);
  }

  /** A signed 16-bit number. */
  private static int half(MemorySegment from, long element) {
    return from.get(JAVA_SHORT_UNALIGNED, element * Short.BYTES);
  }

  /** Stores the low 16 bits. */
  private static void setHalf(MemorySegment to, long element, int value) {
    to.set(JAVA_SHORT_UNALIGNED, element * Short.BYTES, (short) value);
  }
}
