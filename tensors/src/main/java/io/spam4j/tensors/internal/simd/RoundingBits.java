package io.spam4j.tensors.internal.simd;

/**
 * The random bits of stochastic rounding: 16 for each element of each draw, a pure function of a
 * key and of the element's index. Two neighbours share a word; its halves and a third number made
 * from it serve three streams:
 *
 * <pre>
 *   x = low32(index / 2) * 9e3779b9 + low32(mixed key)    a Weyl sequence
 *   x ^= x >>> 16;  x *= 64cd0c93;  x ^= x >>> 15
 *   first:   upper 16 bits of x
 *   second:  lower 16 bits of x
 *   weights: upper 16 bits of x * b182c433
 *   where the index is odd, all 16 bits inverted
 * </pre>
 *
 * The mixed key is a 64-bit finaliser over the key and the bits of the index that the sequence has
 * no room for. That neighbours have opposite bits keeps each of them uniform, and rounds a pair of
 * equal values to different sides more often than not. The shape (xor-shift, multiply) is common,
 * the multipliers are this library's own. It is no cryptographic hash and nothing to draw masks
 * with: see {@link io.spam4j.tensors.Philox} for those.
 */
public final class RoundingBits {
  /** What is rounded of an element: each has bits of its own. */
  public enum Draw {
    /** The first moment: the upper half of the word. */
    FIRST(1, 16),

    /** The second moment: the lower half. */
    SECOND(1, 0),

    /** The weight: the upper half of the word times {@link #THIRD}. */
    WEIGHTS(THIRD, 16);

    final int multiplier;
    final int shift;

    Draw(int multiplier, int shift) {
      this.multiplier = multiplier;
      this.shift = shift;
    }
  }

  /** Elements from a multiple of this on have the same mixed key. */
  public static final long SPAN = 1L << 33;

  /** What the Weyl sequence adds from one pair of elements to the next. */
  public static final int STEP = 0x9e3779b9;

  /** Makes a word of a number of the sequence. */
  public static final int MULTIPLIER = 0x64cd0c93;

  /** Makes the third number of a word. */
  public static final int THIRD = 0xb182c433;

  /** All bits of an element. */
  public static final int MASK = 0xffff;

  private RoundingBits() {}

  /** The mixed key of the elements of one {@link #SPAN}. */
  public static long mixedKey(long key, long index) {
    return mix(key ^ mix(index >>> 33));
  }

  private static long mix(long value) {
    long x = value + 0x9e3779b97f4a7c15L;
    x = (x ^ x >>> 32) * 0xd6e8feb86659fd93L;
    x = (x ^ x >>> 29) * 0xa0761d6478bd642fL;
    return x ^ x >>> 32;
  }

  /** The Weyl sequence at the pair of an element; the next pair's is {@link #STEP} more. */
  public static int start(long mixedKey, long index) {
    return (int) (index >>> 1) * STEP + (int) mixedKey;
  }

  /** All 32 bits that an element shares with its neighbour, inverted where the index is odd. */
  static int word(long mixedKey, long index) {
    int x = word(start(mixedKey, index));
    return (index & 1) == 0 ? x : ~x;
  }

  private static int word(int start) {
    int x = start;
    x ^= x >>> 16;
    x *= MULTIPLIER;
    return x ^ x >>> 15;
  }

  /** The 16 bits of an element. */
  static int draw(Draw draw, long mixedKey, long index) {
    int x = word(start(mixedKey, index));
    int bits = ((x * draw.multiplier) >>> draw.shift) & MASK;
    return (index & 1) == 0 ? bits : bits ^ MASK;
  }
}
