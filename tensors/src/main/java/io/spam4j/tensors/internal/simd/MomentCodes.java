package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Converts between float32 moments, first m and second v, and codes of 8 bits each, in blocks of
 * 128 elements that share a {@link MomentGrid}. Codes and grids are streams of their own: code i of
 * the tensor is byte i, the grid of its block is int i / 128. The last block of a tensor may be
 * shorter.
 *
 * <pre>
 *   k = 0                           if v is 0
 *       the code of r = sqrt(v)     else, 1 to 255
 *   s = what k stands for
 *   j = the sign of m, and 0 to 127: how many 16ths of octaves |m| / s + 1/32 is above 1/32
 *
 *   v = s^2;  m = +-((1 + j % 16 / 16) 2^(j / 16 - 5) - 1/32) s;  both 0 if k is 0
 * </pre>
 *
 * <p>So both are relative to the element itself, whatever else is in its block: the step of a root
 * is 1/16 to 1/32 of it, or finer where the roots of a block are alike; that of m is 1/512 of the
 * root near 0, and 1/16 to 1/32 of m where m is large. A ratio of m to the root of up to 7.7 has a
 * code, and with the usual betas there is none above 7.3; what is above is limited.
 *
 * <p>Codes are drawn at random: each of the two neighbours with the chance that makes the mean
 * right, of root and m. A moving average needs that: with beta = 0.999 a step changes it by less
 * than half the distance of two codes, and rounded to the nearest it would stand still. (The mean
 * of v is then high by the square of the distance of two codes or less.) Roots below a block's grid
 * get its first code: as 0 they would make the update explode.
 *
 * <p>A v that is infinite becomes the largest that has a code, 3.2e38. A block with a NaN, or with
 * an m that is infinite, becomes NaN as a whole. v must not be negative.
 *
 * <p>Elements are in native byte order; streams need no alignment and must not overlap. Memory
 * outside the heap is converted by vectors, to the same bits at every width; heap memory an element
 * at a time. Nothing allocates.
 */
public final class MomentCodes {
  /** Elements a block; blocks start at multiples of it. */
  public static final int BLOCK = 128;

  private static final int INFINITY = 0x7f80_0000;

  private static final Readiness READINESS =
      new Readiness("moment codes", () -> MomentCodesVector.exercise(), 20_000);

  private MomentCodes() {}

  /** The number of blocks, and so of grids, of {@code elements} elements. */
  public static long blockCount(long elements) {
    return (elements + BLOCK - 1) / BLOCK;
  }

  /**
   * float32 to codes. A block keeps the grid that it has where {@link MomentGrid#keeps} says so,
   * and else gets another one; memory of zeros is blocks without any.
   *
   * @param fromElement where in both float32 streams the first element is
   * @param firstBlock the block to begin with
   * @param count elements: whole blocks, or up to the end of the tensor
   * @param key different for each use: each step, each tensor; with an element's index it decides
   *     how the element is rounded, whatever the range of the call
   */
  public static void encode(
      MemorySegment first,
      MemorySegment second,
      long fromElement,
      MemorySegment firstCodes,
      MemorySegment secondCodes,
      MemorySegment grids,
      long firstBlock,
      long count,
      long key) {
    boolean vectors = areVectors(first, second, firstCodes, secondCodes);
    for (long done = 0; done < count; done += BLOCK) {
      long from = fromElement + done;
      long block = firstBlock + done / BLOCK;
      int length = (int) Math.min(BLOCK, count - done);
      boolean whole = vectors && length == BLOCK;
      int largest =
          whole
              ? MomentCodesVector.largestBits(first, from)
              : MomentCodesScalar.largestBits(first, from, length);
      long range =
          whole
              ? MomentCodesVector.range(second, from)
              : MomentCodesScalar.range(second, from, length);
      int grid = grids.get(JAVA_INT_UNALIGNED, block * Integer.BYTES);
      int next = grid(grid, largest, (int) (range >> Integer.SIZE), (int) range);
      if (next != grid) {
        grids.set(JAVA_INT_UNALIGNED, block * Integer.BYTES, next);
      }
      long mixedKey = RoundingBits.mixedKey(key, block * BLOCK);
      if (next == MomentGrid.NAN) {
        clear(firstCodes, block * BLOCK, length);
        clear(secondCodes, block * BLOCK, length);
      } else if (whole) {
        int start = RoundingBits.start(mixedKey, block * BLOCK);
        MomentCodesVector.encode(first, second, from, firstCodes, secondCodes, block, next, start);
      } else {
        MomentCodesScalar.encode(
            first, second, from, firstCodes, secondCodes, block, length, next, mixedKey);
      }
    }
  }

  /** The grid of a block with these largest and smallest bits of its moments. */
  private static int grid(int before, int largestFirst, int largestSecond, int leastSecond) {
    if (largestFirst >= INFINITY || largestSecond > INFINITY) {
      return MomentGrid.NAN;
    }
    int most = rootBits(largestSecond);
    int least = rootBits(leastSecond);
    return MomentGrid.keeps(before, most, least) ? before : MomentGrid.chosen(most, least);
  }

  private static int rootBits(int bits) {
    return Float.floatToRawIntBits((float) Math.sqrt(Float.intBitsToFloat(bits)));
  }

  /**
   * Codes to float32, from any element on.
   *
   * @param fromElement the first element of the tensor
   * @param toElement where in both float32 streams it goes
   */
  public static void decode(
      MemorySegment firstCodes,
      MemorySegment secondCodes,
      MemorySegment grids,
      long fromElement,
      MemorySegment first,
      MemorySegment second,
      long toElement,
      long count) {
    boolean vectors = areVectors(first, second, firstCodes, secondCodes);
    long end = fromElement + count;
    for (long i = fromElement; i < end; ) {
      long next = Math.min(end, (i / BLOCK + 1) * BLOCK);
      long to = toElement + (i - fromElement);
      int grid = grids.get(JAVA_INT_UNALIGNED, i / BLOCK * Integer.BYTES);
      if (vectors && next - i == BLOCK && grid <= MomentGrid.LARGEST) {
        MomentCodesVector.decode(firstCodes, secondCodes, i, grid, first, second, to);
      } else {
        MomentCodesScalar.decode(
            firstCodes, secondCodes, i, grid, first, second, to, (int) (next - i));
      }
      i = next;
    }
  }

  private static boolean areVectors(
      MemorySegment first,
      MemorySegment second,
      MemorySegment firstCodes,
      MemorySegment secondCodes) {
    return VectorMode.isUsedOn(first)
        && VectorMode.isUsedOn(second)
        && VectorMode.isUsedOn(firstCodes)
        && VectorMode.isUsedOn(secondCodes)
        && READINESS.get();
  }

  private static void clear(MemorySegment codes, long at, int length) {
    for (int i = 0; i < length; i++) {
      codes.set(JAVA_BYTE, at + i, (byte) 0);
    }
  }
}
