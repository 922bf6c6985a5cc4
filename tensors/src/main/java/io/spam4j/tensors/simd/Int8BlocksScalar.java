package io.spam4j.tensors.simd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The 8-bit codecs of one block, an element at a time: the specification of the vector form. */
final class Int8BlocksScalar {
  static final int MAGNITUDE = 0x7fff_ffff;

  /** Added to a float32 of small magnitude, it rounds it to an integer, ties to even. */
  static final float ROUNDER = 0x1.8p23f;

  static final int ROUNDER_BITS = 0x4b40_0000;

  /** The bits of 1; those of numbers that are not negative order as the numbers do. */
  static final int ONE = 0x3f80_0000;

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
      float y = Math.min(magnitude(from, fromElement + i) * inverse, 1);
      float above = y * 254;
      float below = y + 1;
      float lower = roundedDown(above / below);
      // With D(k) = k / (254 - k): up if y - D(k) > random (D(k + 1) - D(k)), for random of 0 to 1.
      float excess = (above - lower * below) * (253 - lower);
      int up = isNegative(onePlusRandom(mixedKey, block, i) * 254 - (excess + 254));
      int sign = from.get(JAVA_INT_UNALIGNED, (fromElement + i) * Float.BYTES) >> 31;
      set(codes, block, i, ((integer(lower) + up) ^ sign) - sign);
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
      float lower = roundedDown((float) Math.sqrt(square));
      // Up if code^2 - k^2 > random ((k + 1)^2 - k^2), for random of 0 to 1.
      float width = lower + lower + 1;
      float excess = square - lower * lower;
      int up = isNegative(onePlusRandom(mixedKey, block, i) * width - (excess + width));
      int code = Math.min(integer(lower) + up, 255);
      set(codes, block, i, Math.max(code, lowest(from, fromElement + i)));
    }
  }

  static void decodeSigned(
      MemorySegment codes, long block, float scale, MemorySegment to, long toElement, int length) {
    for (int i = 0; i < length; i++) {
      float code = codes.get(JAVA_BYTE, block * Int8Blocks.BLOCK + i);
      float x = code / (254 - Math.abs(code)) * scale;
      to.set(JAVA_FLOAT_UNALIGNED, (toElement + i) * Float.BYTES, x);
    }
  }

  static void decodeUnsigned(
      MemorySegment codes, long block, float scale, MemorySegment to, long toElement, int length) {
    for (int i = 0; i < length; i++) {
      float root = (codes.get(JAVA_BYTE, block * Int8Blocks.BLOCK + i) & 255) * (1 / 255f);
      to.set(JAVA_FLOAT_UNALIGNED, (toElement + i) * Float.BYTES, root * root * scale);
    }
  }

  /** An integer at or next below a code; for an integer it may be the one before, to be raised. */
  private static float roundedDown(float code) {
    return code - 0.5f + ROUNDER - ROUNDER;
  }

  private static int integer(float code) {
    return Float.floatToRawIntBits(code + ROUNDER) - ROUNDER_BITS;
  }

  private static int isNegative(float value) {
    return Float.floatToRawIntBits(value) >>> 31;
  }

  /** 1 for what must not have code 0, 0 for zero. */
  private static int lowest(MemorySegment from, long element) {
    return Math.min(magnitudeBits(from, element), 1);
  }

  private static float onePlusRandom(long mixedKey, long block, int i) {
    int word = RoundingBits.word(mixedKey, block * Int8Blocks.BLOCK + i);
    return Float.intBitsToFloat(ONE | word >>> 9);
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
