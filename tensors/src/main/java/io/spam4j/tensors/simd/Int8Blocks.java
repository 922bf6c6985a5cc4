package io.spam4j.tensors.simd;

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

  /** So many blocks have their scales found before their codes: 16 KiB of float32. */
  private static final int BLOCKS_AT_ONCE = 32;

  private static final int INFINITY = 0x7f80_0000;

  /** The four ways to make codes. */
  private enum Code {
    SIGNED,
    SIGNED_STOCHASTIC,
    UNSIGNED,
    UNSIGNED_STOCHASTIC
  }

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
  public static void encodeSigned(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count) {
    encode(Code.SIGNED, from, fromElement, codes, scales, firstBlock, count, 0);
  }

  /**
   * float32 to signed codes, at random so that the mean is the value.
   *
   * @param fromElement where in {@code from} the first element is
   * @param codes the codes of the whole tensor, a byte each
   * @param scales the scales of the whole tensor, a float32 each
   * @param firstBlock the block to begin with
   * @param count elements: whole blocks, or up to the end of the tensor
   * @param key different for each use: each step, each tensor, each stream; with an element's index
   *     it decides how the element is rounded, whatever the range of the call
   */
  public static void encodeSignedStochastic(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count,
      long key) {
    encode(Code.SIGNED_STOCHASTIC, from, fromElement, codes, scales, firstBlock, count, key);
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
  public static void encodeUnsigned(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count) {
    encode(Code.UNSIGNED, from, fromElement, codes, scales, firstBlock, count, 0);
  }

  /**
   * float32 to unsigned codes, at random so that the mean is the value.
   *
   * @param fromElement where in {@code from} the first element is
   * @param codes the codes of the whole tensor, a byte each
   * @param scales the scales of the whole tensor, a float32 each
   * @param firstBlock the block to begin with
   * @param count elements: whole blocks, or up to the end of the tensor
   * @param key different for each use: each step, each tensor, each stream; with an element's index
   *     it decides how the element is rounded, whatever the range of the call
   */
  public static void encodeUnsignedStochastic(
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count,
      long key) {
    encode(Code.UNSIGNED_STOCHASTIC, from, fromElement, codes, scales, firstBlock, count, key);
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

  private static void encode(
      Code code,
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      MemorySegment scales,
      long firstBlock,
      long count,
      long key) {
    boolean vectors = VectorMode.isUsedOn(from) && VectorMode.isUsedOn(codes);
    // First the scales of some blocks, then their codes: a block's codes wait for its scale, and so
    // they have it when their turn comes. What was read for the scales is still in cache.
    for (long done = 0; done < count; done += BLOCKS_AT_ONCE * BLOCK) {
      long end = Math.min(count, done + BLOCKS_AT_ONCE * BLOCK);
      for (long at = done; at < end; at += BLOCK) {
        int length = (int) Math.min(BLOCK, end - at);
        int largest =
            vectors && length == BLOCK
                ? Int8BlocksVector.largestBits(from, fromElement + at)
                : Int8BlocksScalar.largestBits(from, fromElement + at, length);
        long block = firstBlock + at / BLOCK;
        scales.set(JAVA_FLOAT_UNALIGNED, block * Float.BYTES, scale(largest));
      }
      for (long at = done; at < end; at += BLOCK) {
        int length = (int) Math.min(BLOCK, end - at);
        long block = firstBlock + at / BLOCK;
        float scale = scales.get(JAVA_FLOAT_UNALIGNED, block * Float.BYTES);
        if (!(scale > 0)) {
          clear(codes, block * BLOCK, length);
        } else if (vectors && length == BLOCK) {
          encodeByVectors(code, from, fromElement + at, codes, block, scale, key);
        } else {
          encodeOneByOne(code, from, fromElement + at, codes, block, length, scale, key);
        }
      }
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

  private static void encodeByVectors(
      Code code,
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      long block,
      float scale,
      long key) {
    switch (code) {
      case SIGNED -> Int8BlocksVector.encodeSigned(from, fromElement, codes, block, scale);
      case SIGNED_STOCHASTIC ->
          Int8BlocksVector.encodeSignedStochastic(
              from, fromElement, codes, block, scale, RoundingBits.mixedKey(key, block * BLOCK));
      case UNSIGNED -> Int8BlocksVector.encodeUnsigned(from, fromElement, codes, block, scale);
      case UNSIGNED_STOCHASTIC ->
          Int8BlocksVector.encodeUnsignedStochastic(
              from, fromElement, codes, block, scale, RoundingBits.mixedKey(key, block * BLOCK));
    }
  }

  private static void encodeOneByOne(
      Code code,
      MemorySegment from,
      long fromElement,
      MemorySegment codes,
      long block,
      int length,
      float scale,
      long key) {
    switch (code) {
      case SIGNED -> Int8BlocksScalar.encodeSigned(from, fromElement, codes, block, length, scale);
      case SIGNED_STOCHASTIC ->
          Int8BlocksScalar.encodeSignedStochastic(
              from,
              fromElement,
              codes,
              block,
              length,
              scale,
              RoundingBits.mixedKey(key, block * BLOCK));
      case UNSIGNED ->
          Int8BlocksScalar.encodeUnsigned(from, fromElement, codes, block, length, scale);
      case UNSIGNED_STOCHASTIC ->
          Int8BlocksScalar.encodeUnsignedStochastic(
              from,
              fromElement,
              codes,
              block,
              length,
              scale,
              RoundingBits.mixedKey(key, block * BLOCK));
    }
  }
}
