package io.spam4j.tensors.mask;

import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.internal.simd.Magnitude;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The k-th largest magnitude of float32 values, exactly, and which of the elements that have it are
 * among the k largest: those of lower index.
 *
 * <p>Magnitudes are compared by their 31 bits below the sign, which order as they do; every NaN has
 * the key after infinity's. A pass over the values counts the keys above a bracket, and those in it
 * by bins; the bin of the k-th largest is the next bracket, until a bin is one key. For large
 * tensors a sample gives a first bracket, so narrow that one or two passes are enough. If the
 * sample misled, the first pass shows it, and the search goes on outside the bracket.
 */
final class MagnitudeThreshold {
  /*
   * A pass reads 4 bytes an element and is near memory bound on two threads. About 1 element in 100
   * is in the sampled bracket, so the bins may be as large as the second-level cache.
   */
  private static final int MIN_BIN_BITS = 8;
  private static final int MAX_BIN_BITS = 18;
  private static final int ELEMENTS_A_BIN_BITS = 8;

  /** Groups have bins of their own: enough of them for the threads, few enough to add up fast. */
  private static final int GROUPS = 16;

  private static final long MIN_GROUP = 1L << 18;
  private static final long MAX_GROUP = 1L << 30; // a bin is an int

  private static final long MIN_SAMPLED = 1L << 16;
  private static final int ELEMENTS_A_SAMPLE_BITS = 6;
  private static final int MAX_SAMPLE_BITS = 18;
  private static final int ROW_BITS = 3;
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
  private static final double SAMPLE_SIGMAS = 3;

  private final MemorySegment values;
  private final long elements;
  private final long groupElements;
  private final int binBits;
  private final int[][] bins;
  private final long[] aboves;
  private final int[] least;
  private final long[] ties;

  private int key;

  private MagnitudeThreshold(MemorySegment values, long elements) {
    this.values = values;
    this.elements = elements;
    long share = Math.clamp(elements / GROUPS, MIN_GROUP, MAX_GROUP);
    groupElements = Bitmap.words(share) * Long.SIZE;
    binBits = Math.clamp(bits(elements) - ELEMENTS_A_BIN_BITS, MIN_BIN_BITS, MAX_BIN_BITS);
    int groups = Math.toIntExact((elements + groupElements - 1) / groupElements);
    bins = new int[groups][];
    aboves = new long[groups];
    least = new int[groups];
    ties = new long[groups];
  }

  /**
   * Finds the magnitude of the {@code count}-th largest of {@code elements} values.
   *
   * @param count 1 to {@code elements}
   */
  static MagnitudeThreshold find(
      MemorySegment values, long elements, long count, Parallel parallel) {
    if (elements < MIN_SAMPLED) {
      return find(values, elements, count, 0, Magnitude.NAN, parallel);
    }
    int bits = Math.min(bits(elements) - ELEMENTS_A_SAMPLE_BITS, MAX_SAMPLE_BITS);
    int samples = 1 << bits;
    double fraction = (double) count / elements;
    double middle = fraction * samples;
    double margin = 1 + SAMPLE_SIGMAS * Math.sqrt(middle * (1 - fraction));
    long first = (long) (middle - margin);
    long last = (long) (middle + margin);
    try (var temporary = Arena.ofConfined()) {
      MemorySegment sample = sample(temporary, values, elements, bits);
      Parallel alone = Parallel.SEQUENTIAL;
      int high = first < 1 ? Magnitude.NAN : find(sample, samples, first, alone).key;
      int low = last > samples ? 0 : find(sample, samples, last, alone).key;
      return find(values, elements, count, low, high, parallel);
    }
  }

  /** Some values in a row from each of equal stretches, at places without a period. */
  private static MemorySegment sample(Arena arena, MemorySegment values, long elements, int bits) {
    MemorySegment sample = arena.allocate((long) Float.BYTES << bits, Float.BYTES);
    int stretchBits = bits - ROW_BITS;
    long rowBytes = (long) Float.BYTES << ROW_BITS;
    long room = (elements >>> stretchBits) - (1 << ROW_BITS) + 1;
    for (long i = 0; i < 1L << stretchBits; i++) {
      long stretch = Math.unsignedMultiplyHigh(i << (Long.SIZE - stretchBits), elements);
      long place = stretch + Math.unsignedMultiplyHigh(i * GOLDEN_RATIO, room);
      MemorySegment.copy(values, place * Float.BYTES, sample, i * rowBytes, rowBytes);
    }
    return sample;
  }

  /** Finds it, looking first at the keys {@code low} to {@code high}. */
  static MagnitudeThreshold find(
      MemorySegment values, long elements, long count, int low, int high, Parallel parallel) {
    var threshold = new MagnitudeThreshold(values, elements);
    threshold.narrow(count, low, high, parallel);
    return threshold;
  }

  /** The bits of a number below {@code elements}. */
  private static int bits(long elements) {
    return Long.SIZE - Long.numberOfLeadingZeros(elements - 1);
  }

  private void narrow(long count, int firstLow, int firstHigh, Parallel parallel) {
    int low = firstLow;
    int high = firstHigh;
    while (true) {
      int from = low;
      int to = high;
      int shift = Math.max(0, Integer.SIZE - Integer.numberOfLeadingZeros(to - from) - binBits);
      parallel.run(groups(), group -> count(group, from, to, shift));
      long above = Arrays.stream(aboves).sum();
      if (above >= count) {
        low = high + 1;
        high = Magnitude.NAN;
        continue;
      }
      long[] totals = totals();
      int bin = totals.length - 1;
      while (bin >= 0 && above + totals[bin] < count) {
        above += totals[bin--];
      }
      if (bin < 0) {
        high = low - 1;
        low = 0;
      } else if (shift > 0) {
        low += bin << shift;
        high = Math.min(high, low + (1 << shift) - 1);
      } else {
        key = low + bin;
        share(bin, count - above);
        return;
      }
    }
  }

  /** Counts a group's keys above {@code to}, and by bins those from {@code from} to {@code to}. */
  private void count(int group, int from, int to, int shift) {
    int[] counts = new int[1 << binBits];
    long above = 0;
    long end = end(group);
    for (long i = start(group); i < end; i += Long.SIZE) {
      int size = (int) Math.min(Long.SIZE, end - i);
      long larger = Magnitude.atLeast(values, i, size, to + 1);
      above += Long.bitCount(larger);
      long inside = Magnitude.atLeast(values, i, size, from) & ~larger;
      for (; inside != 0; inside &= inside - 1) {
        int found = Magnitude.key(values, i + Long.numberOfTrailingZeros(inside));
        counts[(found - from) >>> shift]++;
      }
    }
    bins[group] = counts;
    aboves[group] = above;
  }

  private long[] totals() {
    long[] totals = new long[1 << binBits];
    for (int[] counts : bins) {
      for (int bin = 0; bin < totals.length; bin++) {
        totals[bin] += counts[bin];
      }
    }
    return totals;
  }

  /** Gives the {@code selected} first elements of the threshold's key to their groups. */
  private void share(int bin, long selected) {
    long left = selected;
    for (int group = 0; group < groups(); group++) {
      int here = bins[group][bin];
      boolean all = left >= here;
      least[group] = all ? key : key + 1;
      ties[group] = all ? 0 : left;
      left -= all ? here : left;
    }
  }

  /** The groups of elements, each of which starts at a multiple of 64. */
  int groups() {
    return bins.length;
  }

  /** The first element of a group. */
  long start(int group) {
    return group * groupElements;
  }

  /** The end of a group, exclusive. */
  long end(int group) {
    return Math.min(elements, start(group) + groupElements);
  }

  /** The key of the threshold. */
  int key() {
    return key;
  }

  /** The least key of a group of which all elements are selected. */
  int least(int group) {
    return least[group];
  }

  /** How many elements of the threshold's key are selected in a group besides, the first ones. */
  long ties(int group) {
    return ties[group];
  }
}
