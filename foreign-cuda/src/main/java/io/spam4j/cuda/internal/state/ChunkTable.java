package io.spam4j.cuda.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Which block of threads does what: rows of {@code Chunk} and {@code Range} of
 * src/main/cuda/README.md. Chunks of an update come in two parts, first those of dense parameters,
 * then one for each tile of the sparse ones; only the latter change, with the selections.
 */
public final class ChunkTable {
  /** Threads of every block. */
  public static final int THREADS = 256;

  /** Bytes of a chunk. */
  public static final long CHUNK = 24;

  /** Bytes of a range. */
  static final long RANGE = 16;

  /** Elements of a tile. */
  public static final int TILE = 65536;

  /** Elements of a chunk with dense moments. */
  private static final int DENSE = 16384;

  private static final int MEASURE_BLOCK = 4096;

  private final MemorySegment chunks;
  private final MemorySegment ranges; // one a parameter, in parameter order
  private final long[] firsts; // number of a parameter's first chunk
  private final long[] counts;
  private final int[] sizes; // elements of a parameter's chunks, but the last
  private final int dense; // chunks of dense parameters

  private ChunkTable(Arena arena, long[] elements, IntPredicate isSparse, int denseSize) {
    firsts = new long[elements.length];
    counts = new long[elements.length];
    sizes = new int[elements.length];
    long inFront = number(0, elements, isSparse.negate(), denseSize);
    long all = number(inFront, elements, isSparse, TILE);
    dense = count(inFront);
    chunks = arena.allocate(count(all) * CHUNK, 8);
    ranges = arena.allocate(elements.length * RANGE, 8);
  }

  /** The chunks of the update; those of sparse parameters are empty until a selection is put. */
  public static ChunkTable ofUpdate(Arena arena, long[] elements, IntPredicate isSparse) {
    var table = new ChunkTable(arena, elements, isSparse, DENSE);
    for (int i = 0; i < elements.length; i++) {
      table.putRange(i, table.firsts[i], table.counts[i]);
      for (long k = 0; k < table.counts[i]; k++) {
        long start = k * table.sizes[i];
        long length = isSparse.test(i) ? 0 : Math.min(table.sizes[i], elements[i] - start);
        table.put(table.firsts[i] + k, start, start, length, i);
      }
    }
    return table;
  }

  /** The chunks of a measuring pass; the ranges are of slots. */
  public static ChunkTable ofMeasure(Arena arena, long[] elements) {
    var table = new ChunkTable(arena, elements, _ -> false, TILE);
    long slot = 0;
    for (int i = 0; i < elements.length; i++) {
      long firstSlot = slot;
      for (long k = 0; k < table.counts[i]; k++) {
        long start = k * TILE;
        long length = Math.min(TILE, elements[i] - start);
        table.put(table.firsts[i] + k, start, slot, length, i);
        slot += (length + MEASURE_BLOCK - 1) / MEASURE_BLOCK;
      }
      table.putRange(i, firstSlot, slot - firstSlot);
    }
    return table;
  }

  /** Numbers the chunks of some parameters, from one number on; returns the next one. */
  private long number(long first, long[] elements, IntPredicate takes, int size) {
    long next = first;
    for (int i = 0; i < elements.length; i++) {
      if (takes.test(i)) {
        firsts[i] = next;
        counts[i] = (elements[i] + size - 1) / size;
        sizes[i] = size;
        next += counts[i];
      }
    }
    return next;
  }

  private void putRange(int parameter, long first, long count) {
    ranges.set(JAVA_LONG, parameter * RANGE, first);
    ranges.set(JAVA_LONG, parameter * RANGE + 8, count);
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

  public MemorySegment chunks() {
    return chunks;
  }

  public MemorySegment ranges() {
    return ranges;
  }

  /** Chunks of dense parameters, which are the first ones. */
  public int denseChunks() {
    return dense;
  }

  public int sparseChunks() {
    return (int) (chunks.byteSize() / CHUNK) - dense;
  }

  /** Slots of all measured chunks. */
  public long slots() {
    long last = ranges.byteSize() - RANGE;
    return ranges.get(JAVA_LONG, last) + ranges.get(JAVA_LONG, last + 8);
  }

  /** The chunks of a parameter. */
  public Rows rows(int parameter) {
    return new Rows(firsts[parameter], counts[parameter]);
  }

  /**
   * The chunks of parts of consecutive parameters. Dense ones follow each other, and sparse ones
   * do: a piece takes one kind.
   *
   * @param parts each from a multiple of {@link #TILE} to such a multiple or the end
   */
  public Rows rows(List<Part> parts, IntPredicate takes) {
    long first = 0;
    long count = 0;
    for (Part part : parts) {
      int i = part.parameter();
      if (takes.test(i)) {
        long from = firsts[i] + part.from() / sizes[i];
        first = count == 0 ? from : first;
        count += (part.to() - part.from() + sizes[i] - 1) / sizes[i];
      }
    }
    return new Rows(first, count);
  }

  /** Consecutive rows of a table. */
  public record Rows(long first, long count) {}

  /** Consecutive elements of one parameter. */
  public record Part(int parameter, long from, long to) {
    public long bytes() {
      return (to - from) * Float.BYTES;
    }

    /** Where they are in memory of the whole parameter. */
    public long offset() {
      return from * Float.BYTES;
    }
  }

  /** The elements of each chunk of a parameter. */
  long[] lengths(int parameter) {
    long[] lengths = new long[(int) counts[parameter]];
    for (int k = 0; k < lengths.length; k++) {
      lengths[k] = chunks.get(JAVA_INT, (firsts[parameter] + k) * CHUNK + 16);
    }
    return lengths;
  }

  /**
   * Makes a selection a parameter's chunks, one for each tile.
   *
   * @param positions receives the place of each selected element in its tile, 2 bytes each
   */
  void select(int parameter, IndexMask mask, PositionSink positions) {
    long[] lengths = new long[(int) counts[parameter]];
    long[] block = new long[IndexMask.BLOCK];
    for (long b = 0; b < mask.blocks(); b++) {
      int count = mask.decode(b, block);
      for (int i = 0; i < count; i++) {
        lengths[(int) (block[i] / TILE)]++;
      }
      positions.accept(block, count);
    }
    long offset = 0;
    for (int k = 0; k < lengths.length; k++) {
      put(firsts[parameter] + k, offset, (long) k * TILE, lengths[k], parameter);
      offset += lengths[k];
    }
  }

  /** Takes positions in tiles. */
  @FunctionalInterface
  interface PositionSink {
    /** Takes some: the low 16 bits of each element, since a tile has 65,536. */
    void accept(long[] elements, int count);
  }
}
