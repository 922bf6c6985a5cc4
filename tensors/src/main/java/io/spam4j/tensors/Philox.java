package io.spam4j.tensors;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Random numbers as a pure function of where they are used: element {@code i} of a stream has the
 * same value on every machine, in any order of asking and on any thread. Nothing is advanced, so
 * there is no state to save with a checkpoint.
 *
 * <p>A stream is the Philox4x32-10 generator with
 *
 * <pre>
 *   key      = seed                                     (64 bits)
 *   counter  = block number in the low 64 bits,
 *              FNV-1a-64(UTF-8 of the name, interval as 8 little-endian bytes) in the high 64
 * </pre>
 *
 * One block is 128 bits: the {@link #bits} of 4 elements, or the {@link #uniformDouble}, {@link
 * #below} or {@link #gaussian} of 2. Use a stream for one kind of number: different kinds at the
 * same element come from the same block, so they are not independent.
 *
 * <p>An element is any {@code long}; negative ones are elements like the others. No method that
 * draws a number allocates.
 *
 * <p>Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011; its Random123 library has the constants and the known answers that the tests assert.
 */
public final class Philox {
  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final long WORD = 0xFFFFFFFFL;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;

  private static final long FNV_BASIS = 0xCBF29CE484222325L;
  private static final long FNV_PRIME = 0x100000001B3L;

  private static final double ULP_53 = 0x1p-53;
  private static final float ULP_24 = 0x1p-24f;

  private final long key;
  private final long counterHigh;

  private Philox(long key, long counterHigh) {
    this.key = key;
    this.counterHigh = counterHigh;
  }

  /**
   * Makes the stream of one use of random numbers.
   *
   * @param seed the seed of the whole run
   * @param name what the numbers are for, such as a parameter's name
   * @param interval which use of that name, such as how often a mask was drawn before
   */
  public static Philox stream(long seed, String name, long interval) {
    Objects.requireNonNull(name, "name must not be null");
    long hash = FNV_BASIS;
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xFF)) * FNV_PRIME;
    }
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      hash = (hash ^ (interval >>> shift & 0xFF)) * FNV_PRIME;
    }
    return new Philox(seed, hash);
  }

  /**
   * The bare generator: the low or the high 64 bits of one block of Philox4x32-10.
   *
   * @param counterLow words 0 (low) and 1 of the counter
   * @param counterHigh words 2 (low) and 3 of the counter
   * @param key words 0 (low) and 1 of the key
   * @param high whether to give words 2 (low) and 3 of the block, rather than 0 (low) and 1
   */
  public static long block(long counterLow, long counterHigh, long key, boolean high) {
    int c0 = (int) counterLow;
    int c1 = (int) (counterLow >>> 32);
    int c2 = (int) counterHigh;
    int c3 = (int) (counterHigh >>> 32);
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = MULTIPLIER_0 * (c0 & 0xFFFFFFFFL);
      long p1 = MULTIPLIER_1 * (c2 & 0xFFFFFFFFL);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return high ? pack(c2, c3) : pack(c0, c1);
  }

  /**
   * Evaluates {@code count} blocks from {@code block} on: the low 64 bits of each to {@code low},
   * the high 64 to {@code high}. Many times faster than one at a time.
   */
  public void blocks(long block, int count, long[] low, long[] high) {
    for (int i = 0; i < count; i++) {
      low[i] = block + i;
      high[i] = counterHigh;
    }
    // A round over all blocks is a loop that the compiler turns into vectors.
    for (int round = 0; round < ROUNDS; round++) {
      long k0 = ((int) key + round * WEYL_0) & WORD;
      long k1 = ((int) (key >>> 32) + round * WEYL_1) & WORD;
      for (int i = 0; i < count; i++) {
        long p0 = MULTIPLIER_0 * (low[i] & WORD);
        long p1 = MULTIPLIER_1 * (high[i] & WORD);
        low[i] = ((p1 ^ low[i]) >>> 32 ^ k0) | p1 << 32;
        high[i] = ((p0 ^ high[i]) >>> 32 ^ k1) | p0 << 32;
      }
    }
  }

  private static long pack(int low, int high) {
    return (long) high << 32 | (low & 0xFFFFFFFFL);
  }

  /** The 32 random bits of {@code element}: lane {@code element % 4} of block {@code element/4}. */
  public int bits(long element) {
    long pair = block(element >> 2, counterHigh, key, (element & 2) != 0);
    return (int) ((element & 1) == 0 ? pair : pair >>> 32);
  }

  /** A multiple of 2<sup>-24</sup>, uniform in [0, 1), from the upper 24 of {@link #bits}. */
  public float uniform(long element) {
    return (bits(element) >>> 8) * ULP_24;
  }

  /** A multiple of 2<sup>-53</sup>, uniform in [0, 1), from one half of block {@code element/2}. */
  public double uniformDouble(long element) {
    return toUniform(half(element));
  }

  /**
   * A standard normal number, by Box and Muller: elements {@code 2j} and {@code 2j + 1} are the
   * cosine and the sine of one angle, from block {@code j}. At most 8.6 away from 0. The same bits
   * on every machine, as {@link StrictMath} is.
   */
  public double gaussian(long element) {
    long j = element >> 1;
    double u = 1 - toUniform(block(j, counterHigh, key, false)); // (0, 1]: the logarithm is finite
    double radius = StrictMath.sqrt(-2 * StrictMath.log(u));
    long turn = block(j, counterHigh, key, true);
    // The angle is 2 bits of quarter turns and the rest in [-pi/4, pi/4), where StrictMath reduces
    // nothing and so allocates nothing. The sine is the cosine three quarters on.
    double rest = Math.PI / 2 * (toUniform(turn << 2) - 0.5);
    int quarters = (int) (turn >>> 62) + 3 * (int) (element & 1);
    return radius
        * switch (quarters & 3) {
          case 0 -> StrictMath.cos(rest);
          case 1 -> -StrictMath.sin(rest);
          case 2 -> -StrictMath.cos(rest);
          default -> StrictMath.sin(rest);
        };
  }

  /**
   * A whole number in [0, {@code bound}), from one half of block {@code element/2}. No value is
   * more likely than another by more than 2<sup>-64</sup>.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public long below(long element, long bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound must be positive: bound=" + bound);
    }
    return Math.unsignedMultiplyHigh(half(element), bound);
  }

  private long half(long element) {
    return block(element >> 1, counterHigh, key, (element & 1) != 0);
  }

  private static double toUniform(long bits) {
    return (bits >>> 11) * ULP_53;
  }
}
