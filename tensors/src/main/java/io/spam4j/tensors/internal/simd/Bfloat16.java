package io.spam4j.tensors.internal.simd;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.MemorySegment;

/**
 * Converts between float32 and bfloat16, the upper 16 bits of a float32: sign, 8 bits of exponent,
 * 7 of mantissa.
 *
 * <p>Elements are consecutive and in native byte order; streams need no alignment. Positions and
 * counts are in elements. The streams of a call must not overlap. Memory outside the heap is
 * converted by vectors, to the same bits at every width; heap memory an element at a time. Bounds
 * are checked by the memory, so the caller sees an {@link IndexOutOfBoundsException} after part of
 * the work. Nothing allocates.
 */
public final class Bfloat16 {
  private static final Readiness READINESS =
      new Readiness("bfloat16", () -> Bfloat16Vector.exercise(), 50_000);

  private Bfloat16() {}

  /** bfloat16 to float32; exact, whatever the bits. */
  public static void decode(
      MemorySegment from, long fromElement, MemorySegment to, long toElement, long count) {
    if (areVectors(from, to)) {
      Bfloat16Vector.decode(from, fromElement, to, toElement, count);
    } else {
      Bfloat16Scalar.decode(from, fromElement, to, toElement, count);
    }
  }

  /**
   * float32 to the nearest bfloat16, ties to even; the error is at most 2^-8 of the value if that
   * is normal. Values above the largest bfloat16 by half a unit or more become infinite, as in IEEE
   * 754. A NaN becomes a quiet NaN of its sign.
   */
  public static void encodeNearest(
      MemorySegment from, long fromElement, MemorySegment to, long toElement, long count) {
    if (areVectors(from, to)) {
      Bfloat16Vector.encodeNearest(from, fromElement, to, toElement, count);
    } else {
      Bfloat16Scalar.encodeNearest(from, fromElement, to, toElement, count);
    }
  }

  /**
   * float32 to one of the two bfloat16 beside it, at random, so that the mean is the value: 16
   * random bits are added to the low half, which is then dropped. What bfloat16 can represent stays
   * as it is. What lies above the largest finite bfloat16 becomes that one or infinite. A NaN
   * becomes a quiet NaN of its sign.
   *
   * <p>The bits of an element depend on {@code draw}, {@code key} and its index, not on how a
   * tensor is cut into calls: see {@link RoundingBits}.
   *
   * @param key different for each use: each step, each tensor
   * @param counter the index of the first element in its tensor, at least 0
   */
  public static void encodeStochastic(
      MemorySegment from,
      long fromElement,
      MemorySegment to,
      long toElement,
      long count,
      Draw draw,
      long key,
      long counter) {
    boolean vectors = areVectors(from, to);
    for (long done = 0; done < count; ) {
      long index = counter + done;
      long part = Math.min(count - done, RoundingBits.SPAN - index % RoundingBits.SPAN);
      long mixedKey = RoundingBits.mixedKey(key, index);
      if (vectors && index % 2 == 0) {
        Bfloat16Vector.encodeStochastic(
            from, fromElement + done, to, toElement + done, part, draw, mixedKey, index);
      } else {
        part = vectors ? 1 : part; // vectors begin with an even index
        Bfloat16Scalar.encodeStochastic(
            from, fromElement + done, to, toElement + done, part, draw, mixedKey, index);
      }
      done += part;
    }
  }

  /**
   * float32 to two streams of 16 bits a weight, from which {@link #decodeSplit} gets back the same
   * bits, whatever they are. With {@code bits} the float32 as an integer,
   *
   * <pre>{@code
   * high = (bits + 0x8000) >>> 16
   * low  = bits - (high << 16)       a signed 16-bit number
   * }</pre>
   *
   * <p>The high stream is the nearest bfloat16 and serves as the model's weight. It differs from
   * {@link #encodeNearest} in two ways. Ties round away from zero. And a NaN whose bits below the
   * sign are 0x7fff8000 or more is a zero in the high stream: the 32 bits are all taken, and no
   * other place is left for these. Arithmetic does not make them; the usual NaN, 0x7fc00000, and
   * those near it stay NaN. As with {@link #encodeNearest}, values above the largest bfloat16 by
   * half a unit or more are infinite in the high draw.
   */
  public static void encodeSplit(
      MemorySegment from,
      long fromElement,
      MemorySegment high,
      long highElement,
      MemorySegment low,
      long lowElement,
      long count) {
    if (areVectors(from, high) && VectorMode.isUsedOn(low)) {
      Bfloat16Vector.encodeSplit(from, fromElement, high, highElement, low, lowElement, count);
    } else {
      Bfloat16Scalar.encodeSplit(from, fromElement, high, highElement, low, lowElement, count);
    }
  }

  /** The float32 that {@link #encodeSplit} was given: {@code (high << 16) + low}. */
  public static void decodeSplit(
      MemorySegment high,
      long highElement,
      MemorySegment low,
      long lowElement,
      MemorySegment to,
      long toElement,
      long count) {
    if (areVectors(high, low) && VectorMode.isUsedOn(to)) {
      Bfloat16Vector.decodeSplit(high, highElement, low, lowElement, to, toElement, count);
    } else {
      Bfloat16Scalar.decodeSplit(high, highElement, low, lowElement, to, toElement, count);
    }
  }

  private static boolean areVectors(MemorySegment first, MemorySegment second) {
    return VectorMode.isUsedOn(first) && VectorMode.isUsedOn(second) && READINESS.get();
  }
}
