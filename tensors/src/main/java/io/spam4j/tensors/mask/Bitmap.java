package io.spam4j.tensors.mask;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A bit for each element of a tensor: the working form of a selection while it is drawn. Position p
 * is bit p mod 64 of word p / 64; bits past the last element are 0. Cut into chunks of words, which
 * threads may read and write at the same time.
 */
final class Bitmap {
  /*
   * Loops run over arrays that a chunk's words are copied to: masks are drawn seldom, so often
   * before the code is compiled, and until then access to a segment is a hundred times slower.
   */

  /** Words a chunk: 32 KiB, what fits the first-level cache. */
  static final int CHUNK_WORDS = 4096;

  private static final int UNROLLED = 4;

  private final MemorySegment words;
  private final long bits;

  private Bitmap(MemorySegment words, long bits) {
    this.words = words;
    this.bits = bits;
  }

  /** Allocates {@code bits} bits that are 0. */
  static Bitmap allocate(Arena arena, long bits) {
    return new Bitmap(arena.allocate(words(bits) * Long.BYTES, 64), bits);
  }

  /** The words that {@code bits} bits take. */
  static long words(long bits) {
    return bits / Long.SIZE + (bits % Long.SIZE == 0 ? 0 : 1);
  }

  /** Whether {@code bits} bits are too few to share among threads. */
  static boolean isSmall(long bits) {
    return bits <= (long) CHUNK_WORDS * Long.SIZE;
  }

  long bits() {
    return bits;
  }

  int chunks() {
    return (int) ((words(bits) + CHUNK_WORDS - 1) / CHUNK_WORDS);
  }

  /** The first word of a chunk. */
  static long from(int chunk) {
    return (long) chunk * CHUNK_WORDS;
  }

  /** A copy of the words of a chunk. */
  long[] chunk(int chunk) {
    long[] copy = new long[(int) Math.min(CHUNK_WORDS, words(bits) - from(chunk))];
    MemorySegment.copy(words, JAVA_LONG, from(chunk) * Long.BYTES, copy, 0, copy.length);
    return copy;
  }

  /** Sets {@code count} words from {@code index} on; bits past the last element are left out. */
  void set(long index, long[] values, int count) {
    if (index + count == words(bits) && bits % Long.SIZE != 0) {
      values[count - 1] &= (1L << bits) - 1;
    }
    MemorySegment.copy(values, 0, words, JAVA_LONG, index * Long.BYTES, count);
  }

  boolean get(long position) {
    return ((words.getAtIndex(JAVA_LONG, position / Long.SIZE) >>> position) & 1) != 0;
  }

  void flip(long position) {
    long index = position / Long.SIZE;
    words.setAtIndex(JAVA_LONG, index, words.getAtIndex(JAVA_LONG, index) ^ (1L << position));
  }

  /** Sets the bits whose gaps it is given, of a bitmap in which none is set. */
  GapSink setter() {
    return new GapSink() {
      private long next;

      @Override
      public void accept(long[] gaps, int count) {
        for (int i = 0; i < count; i++) {
          next += gaps[i];
          flip(next);
          next++;
        }
      }
    };
  }

  void invert(int chunk) {
    long[] inverted = chunk(chunk);
    for (int i = 0; i < inverted.length; i++) {
      inverted[i] = ~inverted[i];
    }
    set(from(chunk), inverted, inverted.length);
  }

  /** How many bits are set. */
  static long count(long[] words) {
    long count = 0;
    for (long word : words) {
      count += Long.bitCount(word);
    }
    return count;
  }

  /** The position of the last bit that is set, counted from the first word; -1 if there is none. */
  static long last(long[] words) {
    int i = words.length - 1;
    while (i >= 0 && words[i] == 0) {
      i--;
    }
    return i < 0 ? -1 : (i + 1L) * Long.SIZE - 1 - Long.numberOfLeadingZeros(words[i]);
  }

  /**
   * Gives the gaps before the set positions of a chunk to {@code sink}.
   *
   * @param previous the set position before the chunk, or -1
   */
  void forEach(int chunk, long previous, GapSink sink) {
    long[] found = new long[1 + IndexMask.BLOCK + Long.SIZE + UNROLLED];
    found[0] = previous;
    int count = 1;
    long at = from(chunk) * Long.SIZE;
    for (long next : chunk(chunk)) {
      long word = next;
      int end = count + Long.bitCount(word);
      // Some at a time, whether there are so many or not: what is too much is overwritten.
      do {
        for (int k = 0; k < UNROLLED; k++) {
          found[count + k] = at + Long.numberOfTrailingZeros(word);
          word &= word - 1;
        }
        count += UNROLLED;
      } while (count < end);
      count = end;
      at += Long.SIZE;
      if (count > IndexMask.BLOCK) {
        long last = found[count - 1];
        flush(found, count, sink);
        found[0] = last;
        count = 1;
      }
    }
    flush(found, count, sink);
  }

  private static void flush(long[] positions, int count, GapSink sink) {
    for (int i = 0; i < count - 1; i++) {
      positions[i] = positions[i + 1] - positions[i] - 1;
    }
    sink.accept(positions, count - 1);
  }
}
