package io.spam4j.tensors.mask;

import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.Philox;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Draws exactly k of n elements, every choice equally likely.
 *
 * <p>It draws the fewer of k and n - k. First each element is taken independently with probability
 * j / 256, where j = floor(256 k / n): 64 elements at a time, a bitmap word r goes through the bits
 * of j from the lowest that is set to the highest with r = bit ? r | random : r &amp; random. Then
 * elements drawn one by one, each with probability 1 / n, are added (or taken away) unless they are
 * there (or not) already, until the number is k. No step tells elements apart, so by symmetry all
 * choices of k elements are equally likely.
 *
 * <p>All is a function of the stream's counters. The bitmap is drawn in slices of 512 words, with L
 * random words for each word of it, where L is 8 less the trailing zeros of j. Level l of words 512
 * s + i and 512 s + 256 + i is the low and the high half of block 256 (s L + l) + i; corrections
 * are the halves of the blocks after those of the last slice, the low one first.
 */
final class MaskDraw {
  /*
   * Bound by instructions: 2 ns a random word, so at most 0.25 ns an element, where drawing the
   * positions one by one costs a cache miss for each that is selected. The correction does that, for
   * at most 1 in 256 elements. A slice is long enough for loops over it to run as vectors, and short
   * enough for the first-level cache.
   */
  private static final int LANES = 256;

  private static final int SLICE_WORDS = 2 * LANES;
  private static final int ODDS_BITS = 8;

  private MaskDraw() {}

  /** Draws {@code count}, 0 to {@code elements}, of {@code elements}. */
  static IndexMask draw(Arena arena, long elements, long count, Philox random, Parallel parallel) {
    boolean alone = Bitmap.isSmall(elements);
    Parallel threads = alone ? Parallel.SEQUENTIAL : parallel;
    try (var temporary = alone ? Arena.ofConfined() : Arena.ofShared()) {
      Bitmap bitmap = Bitmap.allocate(temporary, elements);
      long few = Math.min(count, elements - count);
      int odds = few == 0 ? 0 : (int) ((1 << ODDS_BITS) * (double) few / elements);
      int zeros = Math.min(ODDS_BITS, Integer.numberOfTrailingZeros(odds));
      int levels = ODDS_BITS - zeros;
      int chunks = bitmap.chunks();
      long[] counts = new long[chunks];
      if (odds > 0) {
        threads.run(
            chunks,
            chunk -> {
              long[] words = independent(bitmap, chunk, odds >>> zeros, levels, random);
              counts[chunk] = Bitmap.count(words);
            });
      }
      long slices = (Bitmap.words(elements) + SLICE_WORDS - 1) / SLICE_WORDS;
      correct(bitmap, few - Arrays.stream(counts).sum(), random, slices * levels * LANES);
      if (few != count) {
        threads.run(chunks, bitmap::invert);
      }
      return MaskEncoder.encode(arena, elements, bitmap, threads);
    }
  }

  /** Sets each bit of a chunk with probability odds / 2^levels; returns its words. */
  private static long[] independent(Bitmap bitmap, int chunk, int odds, int levels, Philox random) {
    long[] words = bitmap.chunk(chunk);
    long[] low = new long[LANES];
    long[] high = new long[LANES];
    long[] lowRandom = new long[LANES];
    long[] highRandom = new long[LANES];
    for (int at = 0; at < words.length; at += SLICE_WORDS) {
      int lanes = Math.min(LANES, words.length - at);
      long block = (Bitmap.from(chunk) + at) / SLICE_WORDS * levels * LANES;
      random.blocks(block, lanes, low, high);
      for (int level = 1; level < levels; level++) {
        random.blocks(block + (long) level * LANES, lanes, lowRandom, highRandom);
        if ((odds & (1 << level)) != 0) {
          for (int i = 0; i < lanes; i++) {
            low[i] |= lowRandom[i];
            high[i] |= highRandom[i];
          }
        } else {
          for (int i = 0; i < lanes; i++) {
            low[i] &= lowRandom[i];
            high[i] &= highRandom[i];
          }
        }
      }
      System.arraycopy(low, 0, words, at, lanes);
      int rest = Math.min(LANES, words.length - at - lanes);
      System.arraycopy(high, 0, words, at + lanes, rest);
    }
    bitmap.set(Bitmap.from(chunk), words, words.length);
    return words;
  }

  /**
   * Sets {@code missing} random bits that are 0, or if it is negative clears as many that are 1.
   */
  private static void correct(Bitmap bitmap, long missing, Philox random, long firstBlock) {
    boolean add = missing > 0;
    long left = Math.abs(missing);
    long[] low = new long[LANES];
    long[] high = new long[LANES];
    for (long block = firstBlock; left > 0; block += LANES) {
      random.blocks(block, LANES, low, high);
      for (int i = 0; i < SLICE_WORDS && left > 0; i++) {
        long bits = (i & 1) == 0 ? low[i / 2] : high[i / 2];
        long position = Math.unsignedMultiplyHigh(bits, bitmap.bits());
        if (bitmap.get(position) != add) {
          bitmap.flip(position);
          left--;
        }
      }
    }
  }
}
