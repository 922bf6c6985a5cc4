package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.MemorySegment;

/** The 8-bit codecs of one block, an element at a time: the specification of the vector form. */
final class Int8BlocksScalar {
  static final int MAGNITUDE = 0x7fff_ffff;

  /** Added to a float32 of small magnitude, it rounds it to an integer, ties to even. */
  static final float ROUNDER = 0x1.8p23f;

  static final int ROUNDER_BITS = 0x4b40_0000;

  /** The random bits that are used. */
  static final int DITHER_BITS = 0xfff0;

  /** The bits of 1 + 2^-13: the middle of the first of 4096 parts of [1, 2). */
  static final int DITHER_ONE = 0x3f80_0400;

  private Int8BlocksScalar() {}

  /** The bits of the largest magnitude; those of a NaN are above infinity's. */
  static int largestBits(MemorySegment from, long fromElement, int length) {
    int largest = 0;
    for (int i = 0; i < length; i++) {
      largest = Math.max(largest, magnitudeBits(from, fromElement + i));
    }
    return largest;
  }

  static void encodeSigned(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      long block,
      int length,
      float scale) {
    float inverse = 1 / scale;
    for (int i = 0; i < length; i++) {
      float y = from.get(JAVA_FLOAT_UNALIGNED, (fromElement + i) * Float.BYTES) * inverse;
      float code = y * 254 / (Math.abs(y) + 1); // 127 softsign(y), of -127 to 127
      set(codes, block, i, Float.floatToRawIntBits(code + ROUNDER));
    }
  }

  static void encodeSignedStochastic(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      long block,
      int length,
      float scale,
      long mixedKey) {
    float inverse = 1 / scale;
    for (int i = 0; i < length; i++) {
      float y = from.get(JAVA_FLOAT_UNALIGNED, (fromElement + i) * Float.BYTES) * inverse;
      float code = y * 254 / (Math.abs(y) + 1) + dither(Draw.FIRST, mixedKey, block, i);
      set(codes, block, i, Float.floatToRawIntBits(code + ROUNDER));
    }
  }

  static void encodeUnsigned(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      long block,
      int length,
      float scale) {
    float inverse = 1 / scale;
    for (int i = 0; i < length; i++) {
      float y = magnitude(from, fromElement + i) * inverse;
      float code = (float) Math.sqrt(y) * 255;
      set(
          codes,
          block,
          i,
          Math.max(integer(code + ROUNDER - ROUNDER), lowest(from, fromElement + i)));
    }
  }

  static void encodeUnsignedStochastic(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      long block,
      int length,
      float scale,
      long mixedKey) {
    float inverse = 1 / scale;
    for (int i = 0; i < length; i++) {
      float square = magnitude(from, fromElement + i) * inverse * 65025; // of the code
      // With d uniform in (-1/2, 1/2) this rounds up where code^2 - k^2 > (1/2 + d) (2 k + 1).
      float d = dither(Draw.SECOND, mixedKey, block, i);
      float code = (float) Math.sqrt(Math.max(square + (d * d - 0.25f), 0)) - d;
      int rounded = Float.floatToRawIntBits(code + ROUNDER) - ROUNDER_BITS;
      set(codes, block, i, Math.max(rounded, lowest(from, fromElement + i)));
    }
  }

  static void decodeSigned(
      MemorySegment codes,
      MemorySegment scales,
      long fromElement,
      MemorySegment to,
      long toElement,
      long count) {
    for (long i = 0; i < count; i++) {
      float code = codes.get(JAVA_BYTE, fromElement + i);
      float x = code / (254 - Math.abs(code)) * scale(scales, fromElement + i);
      to.set(JAVA_FLOAT_UNALIGNED, (toElement + i) * Float.BYTES, x);
    }
  }

  static void decodeUnsigned(
      MemorySegment codes,
      MemorySegment scales,
      long fromElement,
      MemorySegment to,
      long toElement,
      long count) {
    for (long i = 0; i < count; i++) {
      float root = (codes.get(JAVA_BYTE, fromElement + i) & 255) * (1 / 255f);
      float x = root * root * scale(scales, fromElement + i);
      to.set(JAVA_FLOAT_UNALIGNED, (toElement + i) * Float.BYTES, x);
    }
  }

  private static float scale(MemorySegment scales, long element) {
    return scales.get(JAVA_FLOAT_UNALIGNED, element / Int8Blocks.BLOCK * Float.BYTES);
  }

  private static int integer(float code) {
    return Float.floatToRawIntBits(code + ROUNDER) - ROUNDER_BITS;
  }

  /** 1 for what must not have code 0, 0 for zero. */
  private static int lowest(MemorySegment from, long element) {
    return Math.min(magnitudeBits(from, element), 1);
  }

  /** A number between -1/2 and 1/2: the middle of one of 4096 equal parts. */
  private static float dither(Draw draw, long mixedKey, long block, int i) {
    int bits = RoundingBits.draw(draw, mixedKey, block * Int8Blocks.BLOCK + i);
    return Float.intBitsToFloat((bits & DITHER_BITS) << 7 | DITHER_ONE) - 1.5f;
  }

  private static float magnitude(MemorySegment from, long element) {
    return Float.intBitsToFloat(magnitudeBits(from, element));
  }

  private static int magnitudeBits(MemorySegment from, long element) {
    return from.get(JAVA_INT_UNALIGNED, element * Float.BYTES) & MAGNITUDE;
  }

  private static void set(MemorySegment codes, long block, int i, int code) {
    codes.set(JAVA_BYTE, block * Int8Blocks.BLOCK + i, (byte) code);
  }
}
