package io.spam4j.tensors.mask;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Makes a mask from saved symbols, of which nothing is taken for granted. */
final class MaskRestore {
  private final MemorySegment data;
  private final long elements;
  private final long count;
  private final int width;
  private final long capacity;

  private long symbols;
  private long position = -1;

  private MaskRestore(MemorySegment data, long elements, long count, int width) {
    this.data = data;
    this.elements = elements;
    this.count = count;
    this.width = width;
    this.capacity = data.byteSize() * Byte.SIZE / width;
  }

  static IndexMask restore(Arena arena, long elements, long count, int width, MemorySegment saved) {
    if (Arrays.stream(GapCodec.WIDTHS).noneMatch(known -> known == width)) {
      throw new IllegalArgumentException("width must be 1, 4, 8 or 16: width=" + width);
    }
    if (saved.byteSize() % Long.BYTES != 0) {
      throw new IllegalArgumentException(
          "mask data must be whole words of 8 bytes: bytes=" + saved.byteSize());
    }
    MemorySegment data = MaskEncoder.allocate(arena, saved.byteSize()).copyFrom(saved);
    var restore = new MaskRestore(data, elements, count, width);
    if (count > restore.capacity) {
      throw restore.tooShort(restore.capacity);
    }
    MemorySegment directory = arena.allocate(GapCodec.directoryBytes(count), Long.BYTES);
    restore.read(directory);
    return new IndexMask(elements, count, width, data, directory);
  }

  private void read(MemorySegment directory) {
    var cost = new GapCost();
    long[] gaps = new long[IndexMask.BLOCK];
    for (long rank = 0; rank < count; rank += gaps.length) {
      GapCodec.enter(directory, rank / IndexMask.BLOCK, position, symbols);
      int size = (int) Math.min(gaps.length, count - rank);
      for (int i = 0; i < size; i++) {
        gaps[i] = gap(rank + i);
      }
      cost.accept(gaps, size);
    }
    long bytes = GapCodec.dataBytes(symbols, width);
    if (bytes != data.byteSize()) {
      throw new IllegalArgumentException(
          "mask data must end with the last position: bytes=%d, needed=%d"
              .formatted(data.byteSize(), bytes));
    }
    long used = symbols * width % Long.SIZE;
    if (used != 0 && data.get(GapCodec.WORD, bytes - Long.BYTES) >> used != -1) {
      throw new IllegalArgumentException(
          "bits after the last symbol must be ones: symbols=%d, width=%d"
              .formatted(symbols, width));
    }
    if (cost.bestWidth() != width) {
      throw new IllegalArgumentException(
          "width must be the one that takes the fewest bits: width=%d, fewest=%d"
              .formatted(width, cost.bestWidth()));
    }
  }

  private long gap(long rank) {
    long escape = (1L << width) - 1;
    long gap = 0;
    long symbol;
    do {
      if (symbols == capacity) {
        throw tooShort(rank);
      }
      long word = data.get(GapCodec.WORD, symbols * width / Long.SIZE * Long.BYTES);
      symbol = (word >>> (symbols * width)) & escape;
      gap += symbol;
      symbols++;
    } while (symbol == escape);
    position += gap + 1;
    if (position >= elements) {
      throw new IllegalArgumentException(
          "position must be in [0, elements): index=%d, position=%d, elements=%d"
              .formatted(rank, position, elements));
    }
    return gap;
  }

  private IllegalArgumentException tooShort(long found) {
    return new IllegalArgumentException(
        "mask data must hold all positions: count=%d, found=%d, bytes=%d"
            .formatted(count, found, data.byteSize()));
  }
}
