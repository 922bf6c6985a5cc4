package io.spam4j.tensors.mask;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Writes gaps as symbols of 4, 8 or 16 bits, from a given symbol on. Several writers may fill one
 * stretch of zeros side by side: the first and the last word of each, which neighbours may share,
 * are combined atomically.
 */
final class GapWriter implements GapSink {
  /*
   * Bound by instructions, not by memory. Symbols are buffered in a byte or two each, in the
   * first-level cache, so that the loop over the gaps knows neither words nor their bits.
   */
  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final VarHandle SHARED = GapCodec.WORD.varHandle();

  private static final int BUFFER = 4096;

  private final MemorySegment data;
  private final MemorySegment directory;
  private final int width;
  private final long escape;

  /** Bytes of a symbol in the buffer, and of the symbols that make a word of data. */
  private final int stride;

  private final int wordStride;

  private final byte[] buffer = new byte[BUFFER + 2 * Long.BYTES];
  private final long[] words = new long[BUFFER / Long.BYTES];
  private int filled;
  private long offset;
  private boolean first = true;

  private long rank;
  private long previous;

  /**
   * Starts in the midst of a mask.
   *
   * @param rank how many positions were before
   * @param previous the last of them, or -1
   * @param symbol how many symbols they took
   */
  GapWriter(
      MemorySegment data,
      MemorySegment directory,
      int width,
      long rank,
      long previous,
      long symbol) {
    this.data = data;
    this.directory = directory;
    this.width = width;
    escape = (1L << width) - 1;
    stride = width == 16 ? Short.BYTES : Byte.BYTES;
    wordStride = Long.SIZE / width * stride;
    offset = symbol * width / Long.SIZE * Long.BYTES;
    filled = (int) (symbol * width % Long.SIZE) / width * stride;
    this.rank = rank;
    this.previous = previous;
  }

  @Override
  public void accept(long[] gaps, int count) {
    for (int i = 0; i < count; ) {
      int inBlock = (int) (rank % IndexMask.BLOCK);
      int next = write(gaps, i, Math.min(count, i + IndexMask.BLOCK - inBlock));
      drain();
      rank += next - i;
      if (next > i && rank % IndexMask.BLOCK == 0) {
        long symbol = offset * Byte.SIZE / width + filled / stride;
        GapCodec.enter(directory, rank / IndexMask.BLOCK, previous, symbol);
      }
      i = next;
    }
  }

  /**
   * Buffers gaps while there is room. Of one that does not fit it buffers the first escapes and
   * leaves the rest in its place.
   *
   * @return the index of the gap to go on with
   */
  private int write(long[] gaps, int from, int to) {
    byte[] bytes = buffer;
    int at = filled;
    long sum = 0;
    int i = from;
    for (; i < to && at < BUFFER; i++) {
      long gap = gaps[i];
      sum += gap;
      while (gap >= escape && at < BUFFER) {
        SHORTS.set(bytes, at, (short) escape);
        at += stride;
        gap -= escape;
      }
      if (at >= BUFFER) {
        gaps[i] = gap;
        sum -= gap;
        break;
      }
      SHORTS.set(bytes, at, (short) gap);
      at += stride;
    }
    filled = at;
    previous += sum + (i - from);
    return i;
  }

  /** Writes the whole words of the buffer. */
  private void drain() {
    int count = filled / wordStride;
    for (int i = 0; i < count; i++) {
      words[i] = packed(i * wordStride);
    }
    int done = 0;
    if (first && count > 0) {
      SHARED.getAndBitwiseOr(data, offset, words[0]);
      first = false;
      done = 1;
    }
    long rest = offset + (long) done * Long.BYTES;
    MemorySegment.copy(words, done, data, GapCodec.WORD, rest, count - done);
    offset += (long) count * Long.BYTES;
    int at = count * wordStride;
    LONGS.set(buffer, 0, (long) LONGS.get(buffer, at));
    LONGS.set(buffer, Long.BYTES, (long) LONGS.get(buffer, at + Long.BYTES));
    filled -= at;
  }

  /** The word of data whose symbols are at {@code at} of the buffer. */
  private long packed(int at) {
    long low = (long) LONGS.get(buffer, at);
    return width == 4 ? pack(low) | pack((long) LONGS.get(buffer, at + Long.BYTES)) << 32 : low;
  }

  /** The low halves of 8 bytes. */
  private static long pack(long bytes) {
    long x = (bytes | bytes >>> 4) & 0x00FF00FF00FF00FFL;
    x = (x | x >>> 8) & 0x0000FFFF0000FFFFL;
    return (x | x >>> 16) & 0xFFFFFFFFL;
  }

  /** Writes what is left, and ends. The bits after the last symbol stay as they were. */
  void finish() {
    if (filled > 0) {
      LONGS.set(buffer, filled, 0L);
      LONGS.set(buffer, filled + Long.BYTES, 0L);
      SHARED.getAndBitwiseOr(data, offset, packed(0));
    }
  }
}
