package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * {@link MomentCodes} of one block, an element at a time: the specification of the vector forms.
 */
public final class MomentCodesScalar {
  static final int MAGNITUDE = 0x7fff_ffff;
  static final int SIGN = 0x8000_0000;

  /** What the ratio of m to the root is raised by before its bits are cut. */
  public static final float OFFSET = 1 / 32f;

  /** By how many bits those are cut: 4 of the mantissa stay. */
  public static final int CUT = 19;

  /** What cut bits of code 0 are. */
  public static final int LEAST = 0x3d00_0000 >> CUT;

  /** The bits of what has the largest code, 127. */
  public static final int MOST = (LEAST + Byte.MAX_VALUE) << CUT;

  private MomentCodesScalar() {}

  /** The bits of the largest magnitude; those of a NaN are above infinity's. */
  static int largestBits(MemorySegment from, long fromElement, int length) {
    int largest = 0;
    for (int i = 0; i < length; i++) {
      largest = Math.max(largest, bits(from, fromElement + i) & MAGNITUDE);
    }
    return largest;
  }

  /** The bits of the largest magnitude, above those of the smallest. */
  static long range(MemorySegment from, long fromElement, int length) {
    int largest = 0;
    int least = MAGNITUDE;
    for (int i = 0; i < length; i++) {
      int magnitude = bits(from, fromElement + i) & MAGNITUDE;
      largest = Math.max(largest, magnitude);
      least = Math.min(least, magnitude);
    }
    return (long) largest << Integer.SIZE | least;
  }

  static void encode(
      MemorySegment first,
      MemorySegment second,
      long fromElement,
      MemorySegment firstCodes,
      MemorySegment secondCodes,
      long block,
      int length,
      int grid,
      long mixedKey) {
    int shift = MomentGrid.shift(grid);
    int floor = MomentGrid.floor(grid);
    int dropped = (1 << shift) - 1;
    for (int i = 0; i < length; i++) {
      long element = block * MomentCodes.BLOCK + i;
      int random = RoundingBits.word(mixedKey, element);
      // r = sqrt(v), at most the grid's last;  s = r rounded to the grid, at least its first
      float v = second.get(JAVA_FLOAT_UNALIGNED, (fromElement + i) * Float.BYTES);
      int r = Math.min(Float.floatToRawIntBits((float) Math.sqrt(v)), floor + (255 << shift));
      int s = Math.max((r + (random & dropped)) & ~dropped, floor + dropped + 1);
      secondCodes.set(JAVA_BYTE, element, (byte) (r == 0 ? 0 : (s - floor) >> shift));
      // x = |m| / s + 1/32, rounded to 4 bits;  j = how many there are from 1/32 to x
      float m = first.get(JAVA_FLOAT_UNALIGNED, (fromElement + i) * Float.BYTES);
      int x = Float.floatToRawIntBits(Math.abs(m) / Float.intBitsToFloat(s) + OFFSET);
      int j = ((Math.min(x, MOST) + (random >>> (Integer.SIZE - CUT))) >> CUT) - LEAST;
      firstCodes.set(JAVA_BYTE, element, (byte) (Float.floatToRawIntBits(m) < 0 ? -j : j));
    }
  }

  static void decode(
      MemorySegment firstCodes,
      MemorySegment secondCodes,
      long from,
      int grid,
      MemorySegment first,
      MemorySegment second,
      long to,
      int length) {
    boolean isNaN = grid > MomentGrid.LARGEST;
    int shift = MomentGrid.shift(grid);
    int floor = MomentGrid.floor(grid);
    for (int i = 0; i < length; i++) {
      int k = secondCodes.get(JAVA_BYTE, from + i) & 255;
      int bits = k == 0 ? 0 : (k << shift) + floor;
      float root = Float.intBitsToFloat(bits);
      int j = firstCodes.get(JAVA_BYTE, from + i);
      float x = Float.intBitsToFloat((Math.abs(j) + LEAST) << CUT) - OFFSET;
      int m = Float.floatToRawIntBits(x * root) | (j & SIGN);
      long at = (to + i) * Float.BYTES;
      first.set(JAVA_FLOAT_UNALIGNED, at, isNaN ? Float.NaN : Float.intBitsToFloat(m));
      second.set(JAVA_FLOAT_UNALIGNED, at, isNaN ? Float.NaN : root * root);
    }
  }

  private static int bits(MemorySegment from, long element) {
    return from.get(JAVA_INT_UNALIGNED, element * Float.BYTES);
  }
}
