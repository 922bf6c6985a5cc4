package io.spam4j.tensors;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A bit for each element of a tensor: the working form of a selection while it is drawn. Position p
 * is bit p mod 64 of word p / 64; bits past the last element are 0. Cut into chunks of words, which
 * threads may read and write at the same time.
 */
final class Bitmap {
  /** Words a chunk: 32 KiB, so that a chunk is still in the first-level cache when it is reread. */
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

  /** The end of a chunk's words, exclusive. */
  long to(int chunk) {
    return Math.min(words(bits), from(chunk) + CHUNK_WORDS);
  }

  long word(long index) {
    return words.get(JAVA_LONG, index * Long.BYTES);
  }

  /** Sets the 64 bits of a word, but none past the last element. */
  void setWord(long index, long value) {
    long left = bits - index * Long.SIZE;
    words.set(
        JAVA_LONG, index * Long.BYTES, left >= Long.SIZE ? value : value & ((1L << left) - 1));
  }

  boolean get(long position) {
    return ((word(position / Long.SIZE) >>> position) & 1) != 0;
  }

  void flip(long position) {
    long offset = position / Long.SIZE * Long.BYTES;
    words.set(JAVA_LONG, offset, words.get(JAVA_LONG, offset) ^ (1L << position));
  }

  /** How many bits of a chunk are set. */
  long count(int chunk) {
    long count = 0;
    for (long i = from(chunk); i < to(chunk); i++) {
      count += Long.bitCount(word(i));
    }
    return count;
  }

  /** The last position of a chunk that is set, or -1. */
  long last(int chunk) {
    for (long i = to(chunk) - 1; i >= from(chunk); i--) {
      long word = word(i);
      if (word != 0) {
        return i * Long.SIZE + (Long.SIZE - 1 - Long.numberOfLeadingZeros(word));
      }
    }
    return -1;
  }

  void invert(int chunk) {
    for (long i = from(chunk); i < to(chunk); i++) {
      setWord(i, ~word(i));
    }
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
    long to = to(chunk);
    for (long i = from(chunk); i < to; i++) {
      long word = word(i);
      long at = i * Long.SIZE;
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
