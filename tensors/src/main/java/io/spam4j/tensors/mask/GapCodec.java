package io.spam4j.tensors.mask;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Ascending positions as symbols of w bits, w one of 1, 4, 8, 16: for each position how many were
 * skipped since the one before, where the symbol of all ones means "skip 2^w - 1 and read on". With
 * w = 1 that is a bitmap: 1 skips an element, 0 selects it.
 *
 * <p>Symbol s is the bits from s w on, the lowest first, of little-endian 64-bit words; the bits
 * after the last symbol are ones, at most 63. For every block of {@link IndexMask#BLOCK} positions
 * but the first, the directory has two words: the position before the block, and its first symbol.
 */
final class GapCodec {
  /*
   * Decoding is bound by instructions: about four cycles a symbol. Each symbol stores a position,
   * and one that ends no gap is overwritten by the next, so there is no branch on the data. A symbol
   * is at most one position: so as many symbols are read at once as positions are missing, which
   * makes counted loops, until none is.
   */

  /** The bits a symbol can have. */
  static final int[] WIDTHS = {1, 4, 8, 16};

  static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int UNROLLED = 4;

  private static final long ENTRY_BYTES = 2L * Long.BYTES;

  private GapCodec() {}

  /** The bytes of the words that {@code symbols} symbols take. */
  static long dataBytes(long symbols, int width) {
    return Bitmap.words(symbols * width) * Long.BYTES;
  }

  /** The bytes of the directory of {@code count} positions. */
  static long directoryBytes(long count) {
    return Math.max(0, blocks(count) - 1) * ENTRY_BYTES;
  }

  /** The blocks that {@code count} positions are cut into. */
  static long blocks(long count) {
    return count / IndexMask.BLOCK + (count % IndexMask.BLOCK == 0 ? 0 : 1);
  }

  /** Sets the bits that follow the first {@code used} bits. */
  static void pad(MemorySegment data, long used) {
    if (used % Long.SIZE != 0) {
      long offset = used / Long.SIZE * Long.BYTES;
      data.set(WORD, offset, data.get(WORD, offset) | (-1L << used));
    }
  }

  /** Notes where a block starts, unless it has no entry: the first, and one past the last. */
  static void enter(MemorySegment directory, long block, long before, long symbol) {
    long entry = (block - 1) * ENTRY_BYTES;
    if (entry >= 0 && entry < directory.byteSize()) {
      directory.set(WORD, entry, before);
      directory.set(WORD, entry + Long.BYTES, symbol);
    }
  }

  /** The element behind the last one of the block before. */
  static long start(MemorySegment directory, long block) {
    return block == 0 ? 0 : directory.get(WORD, (block - 1) * ENTRY_BYTES) + 1;
  }

  /** Decodes {@code count} positions of a block, at least one, behind the first ones of it. */
  static void decode(
      MemorySegment data,
      MemorySegment directory,
      int width,
      long block,
      int skipped,
      long[] positions,
      int count) {
    long entry = (block - 1) * ENTRY_BYTES;
    long before = block == 0 ? -1 : directory.get(WORD, entry);
    long symbol = block == 0 ? 0 : directory.get(WORD, entry + Long.BYTES);
    if (skipped > 0) {
      symbol = skip(data, width, symbol, before, skipped, positions);
      before = positions[0];
    }
    switch (width) {
      case 1 -> decode1(data, symbol, positions, count);
      case 4 -> decode4(data, symbol, before, positions, count);
      case 8 -> decode8(data, symbol, before, positions, count);
      default -> decode16(data, symbol, before, positions, count);
    }
  }

  /** The symbol behind the first positions; the last of these becomes {@code positions[0]}. */
  private static long skip(
      MemorySegment data, int width, long symbol, long before, int skipped, long[] positions) {
    if (width == 1) {
      return skip1(data, symbol, skipped);
    }
    long escape = (1L << width) - 1;
    long position = before;
    long s = symbol;
    for (int left = skipped; left > 0; s++) {
      long bit = s * width;
      long gap = data.get(WORD, bit / Long.SIZE * Long.BYTES) >>> bit & escape;
      long selected = (gap - escape) >>> 63;
      position += gap + selected;
      left -= (int) selected;
    }
    positions[0] = position;
    return s;
  }

  private static long skip1(MemorySegment data, long symbol, int skipped) {
    long at = symbol / Long.SIZE * Long.SIZE;
    long word = ~data.get(WORD, at / Byte.SIZE) & (-1L << symbol);
    int left = skipped;
    for (int here = Long.bitCount(word); here <= left; here = Long.bitCount(word)) {
      left -= here;
      at += Long.SIZE;
      word = ~data.get(WORD, at / Byte.SIZE);
    }
    for (; left > 0; left--) {
      word &= word - 1;
    }
    return at + Long.numberOfTrailingZeros(word);
  }

  /** With symbols of one bit, a symbol's number is a position. */
  private static void decode1(MemorySegment data, long symbol, long[] positions, int count) {
    long at = symbol / Long.SIZE * Long.SIZE;
    long word = ~data.get(WORD, at / Byte.SIZE) & (-1L << symbol);
    int k = 0;
    // Some at a time, whether there are so many or not: what is too much is overwritten.
    while (k < count - Long.SIZE - UNROLLED) {
      int end = k + Long.bitCount(word);
      do {
        for (int i = 0; i < UNROLLED; i++) {
          positions[k + i] = at + Long.numberOfTrailingZeros(word);
          word &= word - 1;
        }
        k += UNROLLED;
      } while (k < end);
      k = end;
      at += Long.SIZE;
      word = ~data.get(WORD, at / Byte.SIZE);
    }
    while (k < count) {
      if (word == 0) {
        at += Long.SIZE;
        word = ~data.get(WORD, at / Byte.SIZE);
      } else {
        positions[k++] = at + Long.numberOfTrailingZeros(word);
        word &= word - 1;
      }
    }
  }

  private static void decode4(
      MemorySegment data, long symbol, long before, long[] positions, int count) {
    long position = before;
    long s = symbol;
    for (int k = 0; k < count; ) {
      if (s % 16 != 0 || count - k < 16) {
        long skipped = data.get(WORD, s / 16 * Long.BYTES) >>> (4 * s) & 15;
        long selected = (skipped - 15) >>> 63;
        position += skipped + selected;
        positions[k] = position;
        k += (int) selected;
        s++;
        continue;
      }
      for (long end = s + (count - k) / 16 * 16L; s < end; s += 16) {
        long word = data.get(WORD, s / 16 * Long.BYTES);
        for (int i = 0; i < 16; i++) {
          long skipped = word & 15;
          word >>>= 4;
          long selected = (skipped - 15) >>> 63;
          position += skipped + selected;
          positions[k] = position;
          k += (int) selected;
        }
      }
    }
  }

  private static void decode8(
      MemorySegment data, long symbol, long before, long[] positions, int count) {
    long position = before;
    long s = symbol;
    for (int k = 0; k < count; ) {
      for (long end = s + count - k; s < end; s++) {
        int skipped = data.get(ValueLayout.JAVA_BYTE, s) & 0xFF;
        int selected = (skipped - 0xFF) >>> 31;
        position += skipped + selected;
        positions[k] = position;
        k += selected;
      }
    }
  }

  private static void decode16(
      MemorySegment data, long symbol, long before, long[] positions, int count) {
    long position = before;
    long s = symbol;
    for (int k = 0; k < count; ) {
      for (long end = s + count - k; s < end; s++) {
        int skipped = data.get(HALF, s * Short.BYTES) & 0xFFFF;
        int selected = (skipped - 0xFFFF) >>> 31;
        position += skipped + selected;
        positions[k] = position;
        k += selected;
      }
    }
  }
}
