package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Converts between float32 and codes of 8 bits, in blocks of 128 elements that share a float32
 * scale, the largest magnitude of the block. Codes and scales are streams of their own: code i of
 * the tensor is byte i, the scale of its block is float i / 128. The last block of a tensor may be
 * shorter.
 *
 * <p>Signed codes, for the first moment, with y = x / scale in [-1, 1]:
 *
 * <pre>
 *   code = round(127 * 2 y / (1 + |y|))            -127 to 127
 *   x    = code / (254 - |code|) * scale
 * </pre>
 *
 * <p>Unsigned codes, for the second moment; the sign of x is ignored:
 *
 * <pre>
 *   code = round(255 * sqrt(x / scale))            0 to 255, at least 1 if x is not 0
 *   x    = (code / 255)^2 * scale
 * </pre>
 *
 * <p>The largest element of a block is exact in both. Rounding is to the nearest code, or at random
 * to one of the two codes beside x. A moving average needs the latter: with beta = 0.999 a step
 * changes it by less than half the distance of two codes, and rounded to the nearest it would stand
 * still. Unsigned codes are drawn so that the mean of what they stand for is x. The exception is an
 * x below the first code, which has that code: as 0 it would make the update explode. Signed codes
 * are drawn so that the mean of the codes is that of x; what they stand for is then off by at most
 * 1/500 of the distance of two codes, and a first moment forgets that within some steps.
 *
 * <p>A block whose largest magnitude is 0 or subnormal becomes zero: scale 0, all codes 0. A block
 * with a NaN or an infinite element becomes NaN as a whole: scale NaN, all codes 0.
 *
 * <p>Elements are in native byte order; streams need no alignment and must not overlap. Memory
 * outside the heap is converted by vectors, to the same bits at every width; heap memory an element
 * at a time. Nothing allocates.
 *
 * <p>Source: the softsign and the square root are the maps of FlashOptim; the block length, the
 * lowest code and the rounding are this library's own.
 */
public final class Int8Blocks {
  /** Elements a block; blocks start at multiples of it. */
  public static final int BLOCK = 128;

  private static final int INFINITY = 0x7f80_0000;

  private Int8Blocks() {}

  /** The number of blocks, and so of scales, of {@code elements} elements. */
  public static long blockCount(long elements) {
    return (elements + BLOCK - 1) / BLOCK;
  }

  /**
   * float32 to signed codes, each the nearest.
   *
   * @param fromElement where in {@code from} the first element is
   * @param codes the codes of the whole tensor, a byte each
   * @param scales the scales of the whole tensor, a float32 each
   * @param firstBlock the block to begin with
   * @param count elements: whole blocks, or up to the end of the tensor
   */
  static void encodeSigned(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count) {
    encodeNearest(/* signed= */ true, from, fromElement, codes, scales, firstBlock, count);
  }

  /**
   * float32 to unsigned codes, each the nearest.
   *
   * @param fromElement where in {@code from} the first element is
   * @param codes the codes of the whole tensor, a byte each
   * @param scales the scales of the whole tensor, a float32 each
   * @param firstBlock the block to begin with
   * @param count elements: whole blocks, or up to the end of the tensor
   */
  static void encodeUnsigned(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count) {
    encodeNearest(/* signed= */ false, from, fromElement, codes, scales, firstBlock, count);
  }

  /**
   * Both moments to codes at random: the first to signed ones, the second to unsigned ones. Codes
   * and scales are those of the whole tensor, a byte and a float32 each.
   *
   * @param fromElement where in both float32 streams the first element is
   * @param firstBlock the block to begin with
   * @param count elements: whole blocks, or up to the end of the tensor
   * @param key different for each use: each step, each tensor; with an element's index it decides
   *     how the element is rounded, whatever the range of the call
   */
  public static void encodeMoments(
      MemorySegment first,
      MemorySegment second,
      long fromElement,
      MemorySegment firstCodes,
      MemorySegment firstScales,
      MemorySegment secondCodes,
      MemorySegment secondScales,
      long firstBlock,
      long count,
      long key) {
    boolean vectors =
        VectorMode.isUsedOn(first)
            && VectorMode.isUsedOn(second)
            && VectorMode.isUsedOn(firstCodes)
            && VectorMode.isUsedOn(firstScales)
            && VectorMode.isUsedOn(secondCodes)
            && VectorMode.isUsedOn(secondScales);
    // First all scales, then the codes: a block's codes wait for its scale, and so they have it.
    findScales(first, fromElement, firstScales, firstBlock, count);
    findScales(second, fromElement, secondScales, firstBlock, count);
    long whole = firstBlock + count / BLOCK;
    for (long done = 0; done < count; done += BLOCK) {
      long from = fromElement + done;
      long block = firstBlock + done / BLOCK;
      long mixedKey = RoundingBits.mixedKey(key, block * BLOCK);
      if (vectors && block < whole) {
        long end = Math.min(whole, (block | (RoundingBits.SPAN / BLOCK - 1)) + 1);
        int start = RoundingBits.start(mixedKey, block * BLOCK);
        long next =
            Int8BlocksVector.encodeMoments(
                first,
                second,
                from,
                firstCodes,
                firstScales,
                secondCodes,
                secondScales,
                block,
                end,
                start);
        if (next > block) {
          done += (next - block - 1) * BLOCK;
          continue;
        }
      }
      int length = (int) Math.min(BLOCK, count - done);
      float firstScale = firstScales.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
      float secondScale = secondScales.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
      if (firstScale > 0) {
        Int8BlocksScalar.encodeSignedStochastic(
            first, from, firstCodes, block, length, firstScale, mixedKey);
      } else {
        clear(firstCodes, block * BLOCK, length);
      }
      if (secondScale > 0) {
        Int8BlocksScalar.encodeUnsignedStochastic(
            second, from, secondCodes, block, length, secondScale, mixedKey);
      } else {
        clear(secondCodes, block * BLOCK, length);
      }
    }
  }

  /** Signed codes to float32; positions as in {@link #encodeSigned}. */
  public static void decodeSigned(
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      MemorySegment to,
      long toElement,
      long count) {
    boolean vectors = VectorMode.isUsedOn(codes) && VectorMode.isUsedOn(to);
    for (long done = 0; done < count; done += BLOCK) {
      long block = firstBlock + done / BLOCK;
      int length = (int) Math.min(BLOCK, count - done);
      float scale = scales.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
      if (vectors && length == BLOCK) {
        Int8BlocksVector.decodeSigned(codes, block, scale, to, toElement + done);
      } else {
        Int8BlocksScalar.decodeSigned(codes, scales, block * BLOCK, to, toElement + done, length);
      }
    }
  }

  /** Unsigned codes to float32; positions as in {@link #encodeUnsigned}. */
  public static void decodeUnsigned(
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      MemorySegment to,
      long toElement,
      long count) {
    boolean vectors = VectorMode.isUsedOn(codes) && VectorMode.isUsedOn(to);
    for (long done = 0; done < count; done += BLOCK) {
      long block = firstBlock + done / BLOCK;
      int length = (int) Math.min(BLOCK, count - done);
      float scale = scales.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
      if (vectors && length == BLOCK) {
        Int8BlocksVector.decodeUnsigned(codes, block, scale, to, toElement + done);
      } else {
        Int8BlocksScalar.decodeUnsigned(codes, scales, block * BLOCK, to, toElement + done, length);
      }
    }
  }

  /** Signed codes from any element on to float32, one by one. */
  public static void decodeSignedPart(
      MemorySegment codes,
      MemorySegment scales,
      long fromElement,
      MemorySegment to,
      long toElement,
      long count) {
    Int8BlocksScalar.decodeSigned(codes, scales, fromElement, to, toElement, count);
  }

  /** Unsigned codes from any element on to float32, one by one. */
  public static void decodeUnsignedPart(
      MemorySegment codes,
      MemorySegment scales,
      long fromElement,
      MemorySegment to,
      long toElement,
      long count) {
    Int8BlocksScalar.decodeUnsigned(codes, scales, fromElement, to, toElement, count);
  }

  private static void encodeNearest(
      boolean signed,
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count) {
    boolean vectors = VectorMode.isUsedOn(from) && VectorMode.isUsedOn(codes);
    findScales(from, fromElement, scales, firstBlock, count);
    for (long done = 0; done < count; done += BLOCK) {
      int length = (int) Math.min(BLOCK, count - done);
      long at = fromElement + done;
      long block = firstBlock + done / BLOCK;
      float scale = scales.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
      if (!(scale > 0)) {
        clear(codes, block * BLOCK, length);
      } else if (vectors && length == BLOCK) {
        if (signed) {
          Int8BlocksVector.encodeSigned(from, at, codes, block, scale);
        } else {
          Int8BlocksVector.encodeUnsigned(from, at, codes, block, scale);
        }
      } else if (signed) {
        Int8BlocksScalar.encodeSigned(from, at, codes, block, length, scale);
      } else {
        Int8BlocksScalar.encodeUnsigned(from, at, codes, block, length, scale);
      }
    }
  }

  private static void findScales(
      MemorySegment from, long fromElement, MemorySegment scales, long firstBlock, long count) {
    boolean vectors = VectorMode.isUsedOn(from);
    for (long done = 0; done < count; done += BLOCK) {
      int length = (int) Math.min(BLOCK, count - done);
      int largest =
          vectors && length == BLOCK
              ? Int8BlocksVector.largestBits(from, fromElement + done)
              : Int8BlocksScalar.largestBits(from, fromElement + done, length);
      long block = firstBlock + done / BLOCK;
      scales.set(JAVA_FLOAT_UNALIGNED, block * Float.BYTES, scale(largest));
    }
  }

  private static float scale(int largestBits) {
    if (largestBits >= INFINITY) {
      return Float.NaN;
    }
    float largest = Float.intBitsToFloat(largestBits);
    return largest < Float.MIN_NORMAL ? 0 : largest;
  }

  private static void clear(MemorySegment codes, long at, int length) {
    for (int i = 0; i < length; i++) {
      codes.set(JAVA_BYTE, at + i, (byte) 0);
    }
  }
}
