package io.spam4j.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spam4j.tensors.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.IntPredicate;

/**
 * Which block of threads does what: rows of {@code Chunk} and {@code Range} of
 * src/main/cuda/README.md. Chunks of an update come in two parts, first those of dense parameters,
 * then one for each tile of the sparse ones; only the latter change, with the selections.
 */
final class ChunkTable {
  /** Bytes of a chunk. */
  static final long CHUNK = 24;

  /** Bytes of a range. */
  static final long RANGE = 16;

  /** Elements of a tile. */
  static final int TILE = 65536;

  /** Elements of a chunk with dense moments. */
  private static final int DENSE = 16384;

  private static final int MEASURE_BLOCK = 4096;

  private final MemorySegment chunks;
  private final MemorySegment ranges; // one a parameter, in parameter order
  private final int dense; // chunks of dense parameters

  private ChunkTable(MemorySegment chunks, MemorySegment ranges, int dense) {
    this.chunks = chunks;
    this.ranges = ranges;
    this.dense = dense;
  }

  /** The chunks of the update; those of sparse parameters are empty until a selection is put. */
  static ChunkTable ofUpdate(Arena arena, long[] elements, IntPredicate isSparse) {
    MemorySegment ranges = arena.allocate(elements.length * RANGE, 8);
    long dense = number(ranges, 0, elements, DENSE, isSparse.negate());
    long all = number(ranges, dense, elements, TILE, isSparse);
    var table = new ChunkTable(arena.allocate(all * CHUNK, 8), ranges, count(dense));
    count(all);
    for (int i = 0; i < elements.length; i++) {
      int size = isSparse.test(i) ? TILE : DENSE;
      for (long k = 0; k < table.chunksOf(i); k++) {
        long start = k * size;
        long length = isSparse.test(i) ? 0 : Math.min(size, elements[i] - start);
        table.put(table.firstChunk(i) + k, start, start, length, i);
      }
    }
    return table;
  }

  /** The chunks of a measuring pass; the ranges are of slots. */
  static ChunkTable ofMeasure(Arena arena, long[] elements) {
    MemorySegment ranges = arena.allocate(elements.length * RANGE, 8);
    long all = number(ranges, 0, elements, TILE, _ -> true);
    var table = new ChunkTable(arena.allocate(all * CHUNK, 8), ranges, count(all));
    long slot = 0;
    for (int i = 0; i < elements.length; i++) {
      long firstSlot = slot;
      for (long k = 0; k < table.chunksOf(i); k++) {
        long start = k * TILE;
        long length = Math.min(TILE, elements[i] - start);
        table.put(table.firstChunk(i) + k, start, slot, length, i);
        slot += (length + MEASURE_BLOCK - 1) / MEASURE_BLOCK;
      }
      ranges.set(JAVA_LONG, i * RANGE, firstSlot);
      ranges.set(JAVA_LONG, i * RANGE + 8, slot - firstSlot);
    }
    return table;
  }

  /** Gives parameters consecutive rows, from one on. */
  private static long number(
      MemorySegment ranges, long first, long[] elements, int size, IntPredicate takes) {
    long next = first;
    for (int i = 0; i < elements.length; i++) {
      if (takes.test(i)) {
        long count = (elements[i] + size - 1) / size;
        ranges.set(JAVA_LONG, i * RANGE, next);
        ranges.set(JAVA_LONG, i * RANGE + 8, count);
        next += count;
      }
    }
    return next;
  }

  private static int count(long chunks) {
    if (chunks > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "parameters must make at most 2^31 - 1 chunks: chunks=" + chunks);
    }
    return (int) chunks;
  }

  private void put(long row, long offset, long base, long length, int tensor) {
    long at = row * CHUNK;
    chunks.set(JAVA_LONG, at, offset);
    chunks.set(JAVA_LONG, at + 8, base);
    chunks.set(JAVA_INT, at + 16, (int) length);
    chunks.set(JAVA_INT, at + 20, tensor);
  }

  MemorySegment chunks() {
    return chunks;
  }

  MemorySegment ranges() {
    return ranges;
  }

  /** Chunks of dense parameters, which are the first ones. */
  int denseChunks() {
    return dense;
  }

  int sparseChunks() {
    return (int) (chunks.byteSize() / CHUNK) - dense;
  }

  /** Slots of all measured chunks. */
  long slots() {
    long last = ranges.byteSize() - RANGE;
    return ranges.get(JAVA_LONG, last) + ranges.get(JAVA_LONG, last + 8);
  }

  long firstChunk(int parameter) {
    return ranges.get(JAVA_LONG, parameter * RANGE);
  }

  long chunksOf(int parameter) {
    return ranges.get(JAVA_LONG, parameter * RANGE + 8);
  }

  /** The elements of each chunk of a parameter. */
  long[] lengths(int parameter) {
    long[] lengths = new long[(int) chunksOf(parameter)];
    for (int k = 0; k < lengths.length; k++) {
      lengths[k] = chunks.get(JAVA_INT, (firstChunk(parameter) + k) * CHUNK + 16);
    }
    return lengths;
  }

  /**
   * Makes a selection a parameter's chunks, one for each tile.
   *
   * @param positions receives the place of each selected element in its tile, 2 bytes each
   */
  void select(int parameter, IndexMask mask, PositionSink positions) {
    long[] lengths = new long[(int) chunksOf(parameter)];
    long[] block = new long[IndexMask.BLOCK];
    for (long b = 0; b < mask.blocks(); b++) {
      int count = mask.decode(b, block);
      for (int i = 0; i < count; i++) {
        lengths[(int) (block[i] / TILE)]++;
        positions.accept((short) (block[i] % TILE));
      }
    }
    long offset = 0;
    for (int k = 0; k < lengths.length; k++) {
      put(firstChunk(parameter) + k, offset, (long) k * TILE, lengths[k], parameter);
      offset += lengths[k];
    }
  }

  /** Takes one position after the other. */
  @FunctionalInterface
  interface PositionSink {
    void accept(short position);
  }
}
