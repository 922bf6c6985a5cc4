package io.spam4j.tensors.simd;

/**
 * The random bits of stochastic rounding: 16 for each element, a pure function of a key and of the
 * element's index.
 *
 * <pre>
 *   word(i) = 16 floor(i / 32) + i mod 16            elements i and i + 16 of 32 share a word
 *   x = low32(word) * 9e3779b9 + low32(mixed key)    a Weyl sequence
 *   x ^= x >>> 16;  x *= 64cd0c93
 *   x ^= x >>> 15;  x += high32(mixed key)
 *   x *= b182c433;  x ^= x >>> 16
 *   bits(i) = low half of x for the first 16 elements of 32, high half for the others
 * </pre>
 *
 * The mixed key is a 64-bit finaliser over the key and the high 32 bits of the word. Half of it
 * enters between the multiplications, so that the numbers of two keys are no shifted copies of each
 * other. Both kinds of mixing are this library's own: the shape (xor-shift, multiply) is common,
 * the multipliers of {@code x} had the least avalanche bias of 400 random pairs, no more than
 * chance gives. It is no cryptographic hash and nothing to draw masks with: see {@link
 * io.spam4j.tensors.Philox} for those.
 */
final class RoundingBits {
  /** Elements that share one vector of words; words are aligned to it. */
  static final int GROUP = 32;

  /** Words of a group: each serves two elements. */
  static final int WORDS = GROUP / 2;

  /** Elements from a multiple of this on have the same high 32 bits of their words. */
  static final long SPAN = 1L << 33;

  static final int STEP = 0x9e3779b9;

  /** What the Weyl sequence adds from group to group: 16 steps. */
  static final int GROUP_STEP = STEP << 4;

  static final int MULTIPLIER_1 = 0x64cd0c93;
  static final int MULTIPLIER_2 = 0xb182c433;

  private RoundingBits() {}

  /** The mixed key of the elements of one {@link #SPAN}. */
  static long mixedKey(long key, long index) {
    return mix(key ^ mix(index >>> 33));
  }

  private static long mix(long value) {
    long x = value + 0x9e3779b97f4a7c15L;
    x = (x ^ x >>> 32) * 0xd6e8feb86659fd93L;
    x = (x ^ x >>> 29) * 0xa0761d6478bd642fL;
    return x ^ x >>> 32;
  }

  /** The start of the Weyl sequence for the group that begins at element {@code index}. */
  static int base(long mixedKey, long index) {
    return (int) (index >>> 5) * GROUP_STEP + (int) mixedKey;
  }

  /** What is added between the multiplications. */
  static int inner(long mixedKey) {
    return (int) (mixedKey >>> 32);
  }

  /** The 16 bits of an element, 0 to 65535. */
  static int of(long mixedKey, long index) {
    int x = base(mixedKey, index) + (int) (index & 15) * STEP;
    x ^= x >>> 16;
    x *= MULTIPLIER_1;
    x ^= x >>> 15;
    x += inner(mixedKey);
    x *= MULTIPLIER_2;
    x ^= x >>> 16;
    return (index & 16) == 0 ? x & 0xffff : x >>> 16;
  }
}
