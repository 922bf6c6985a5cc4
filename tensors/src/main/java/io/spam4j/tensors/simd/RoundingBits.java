package io.spam4j.tensors.simd;

/**
 * The random bits of stochastic rounding: 16 or more for each element, a pure function of a key and
 * of the element's index.
 *
 * <pre>
 *   x = low32(index) * 9e3779b9 + low32(mixed key)    a Weyl sequence
 *   x ^= x >>> 16;  x *= 64cd0c93
 *   x ^= x >>> 15;  x += high32(mixed key)
 *   x *= b182c433
 *   the upper 16 bits of x, or 23 where a fraction is wanted
 * </pre>
 *
 * The mixed key is a 64-bit finaliser over the key and the high 32 bits of the index. Half of it
 * enters between the multiplications, so that the numbers of two keys are no shifted copies of each
 * other. Both kinds of mixing are this library's own: the shape (xor-shift, multiply) is common,
 * the multipliers of {@code x} had the least avalanche bias of 400 random pairs, no more than
 * chance gives. It is no cryptographic hash and nothing to draw masks with: see {@link
 * io.spam4j.tensors.Philox} for those.
 */
final class RoundingBits {
  /** Elements from a multiple of this on have the same high 32 bits of their index. */
  static final long SPAN = 1L << 32;

  static final int STEP = 0x9e3779b9;
  static final int MULTIPLIER_1 = 0x64cd0c93;
  static final int MULTIPLIER_2 = 0xb182c433;

  private RoundingBits() {}

  /** The mixed key of the elements of one {@link #SPAN}. */
  static long mixedKey(long key, long index) {
    return mix(key ^ mix(index >>> 32));
  }

  private static long mix(long value) {
    long x = value + 0x9e3779b97f4a7c15L;
    x = (x ^ x >>> 32) * 0xd6e8feb86659fd93L;
    x = (x ^ x >>> 29) * 0xa0761d6478bd642fL;
    return x ^ x >>> 32;
  }

  /** The Weyl sequence at an element; the next one's is {@link #STEP} more. */
  static int start(long mixedKey, long index) {
    return (int) index * STEP + (int) mixedKey;
  }

  /** What is added between the multiplications. */
  static int inner(long mixedKey) {
    return (int) (mixedKey >>> 32);
  }

  /** The 32 bits of an element, of which the upper ones are the random ones. */
  static int word(long mixedKey, long index) {
    int x = start(mixedKey, index);
    x ^= x >>> 16;
    x *= MULTIPLIER_1;
    x ^= x >>> 15;
    x += inner(mixedKey);
    return x * MULTIPLIER_2;
  }
}
