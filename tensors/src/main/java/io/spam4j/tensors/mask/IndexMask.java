package io.spam4j.tensors.mask;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Parallel;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import it.unimi.dsi.fastutil.longs.LongBigArrayBigList;
import it.unimi.dsi.fastutil.longs.LongBigList;
import it.unimi.dsi.fastutil.longs.LongIterator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Which elements of a tensor are selected, as compact index arrays outside the heap: the mask of
 * sparse momentum (SPAM, arXiv 2501.06842). A mask never changes. Its memory belongs to the arena
 * it was made with, and any thread that may use that memory may read it.
 *
 * <p>Positions are stored as gaps in symbols of w bits, w one of 1, 4, 8 and 16: a position is the
 * number of elements skipped since the one before, and the symbol of all ones says "2^w - 1 more,
 * read on". With w = 1 that is a bitmap. Each mask has the width that takes the fewest bits. For
 * each block of {@value #BLOCK} selected elements but the first, a directory holds 16 bytes: the
 * position before the block, and where its symbols start. For random masks of density d that makes,
 * directory included,
 *
 * <pre>
 *   bytes a selected element   d = 0.5  0.25  0.2   0.1   0.05  0.02  0.01  0.0025
 *                                  0.26 0.51  0.53  0.64  0.94  1.01  1.09  2.01
 * </pre>
 *
 * <p>Everything counts in {@code long}: tensors may have more than 2^31 elements, and a mask may
 * select more than 2^31 of them.
 */
public final class IndexMask {
  /*
   * A reader wants the positions of a stretch of selected elements, to gather weights and gradients
   * that are far slower to read than the mask: so blocks are cut by selected elements, which are as
   * many in each, and a block's positions fit the first-level cache. Fixed widths decode without
   * tables or branches on the data, at about a nanosecond a symbol; an entropy code would take at
   * most 0.8 bytes less, for several times that.
   */

  /** Selected elements a block; the last block may have fewer. */
  public static final int BLOCK = 2048;

  /** Takes what two masks have in common. */
  @FunctionalInterface
  public interface CommonVisitor {
    /**
     * Takes an element that both masks select.
     *
     * @param indexInA how many elements the first mask selects before it
     * @param indexInB how many elements the second mask selects before it
     */
    void accept(long indexInA, long indexInB);
  }

  private final long elements;
  private final long count;
  private final int width;
  private final MemorySegment data;
  private final MemorySegment directory;

  IndexMask(long elements, long count, int width, MemorySegment data, MemorySegment directory) {
    this.elements = elements;
    this.count = count;
    this.width = width;
    this.data = data;
    this.directory = directory;
  }

  /**
   * Selects the given elements.
   *
   * @param arena owns the memory of the mask
   * @param elements the elements of the tensor
   * @param positions the selected ones, in ascending order
   * @throws IllegalArgumentException if {@code elements} is negative, or a position is outside of
   *     the tensor or not larger than the one before
   */
  public static IndexMask of(Arena arena, long elements, long[] positions) {
    Objects.requireNonNull(arena, "arena must not be null");
    Objects.requireNonNull(positions, "positions must not be null");
    requireElements(elements);
    long previous = -1;
    for (int i = 0; i < positions.length; i++) {
      requireNext(i, positions[i], previous, elements);
      previous = positions[i];
    }
    return MaskEncoder.encode(arena, elements, positions, positions.length);
  }

  /**
   * Selects the given elements, of which there may be more than 2^31. Takes about as much working
   * memory as the mask, and up to 2 MiB.
   *
   * @param arena owns the memory of the mask; nothing is allocated in it before the last position
   *     is known to be right
   * @param elements the elements of the tensor
   * @param positions the selected ones, in ascending order; read once, from where it stands to its
   *     end or to the first position that is refused
   * @throws IllegalArgumentException if {@code elements} is negative, or a position is outside of
   *     the tensor or not larger than the one before
   */
  public static IndexMask of(Arena arena, long elements, LongIterator positions) {
    Objects.requireNonNull(arena, "arena must not be null");
    Objects.requireNonNull(positions, "positions must not be null");
    requireElements(elements);
    try (var temporary = Arena.ofConfined()) {
      var parts = new MaskParts(temporary);
      long previous = -1;
      for (long i = 0; positions.hasNext(); i++) {
        long position = positions.nextLong();
        requireNext(i, position, previous, elements);
        parts.add(position);
        previous = position;
      }
      return MaskEncoder.encode(arena, elements, parts);
    }
  }

  /**
   * {@link #of(Arena, long, LongIterator)} of a big list, or of a big array through {@link
   * LongBigArrayBigList#wrap(long[][])}.
   */
  public static IndexMask of(Arena arena, long elements, LongBigList positions) {
    Objects.requireNonNull(positions, "positions must not be null");
    return of(arena, elements, positions.iterator());
  }

  private static void requireNext(long index, long position, long previous, long elements) {
    if (position < 0 || position >= elements) {
      throw new IllegalArgumentException(
          "position must be in [0, elements): index=%d, position=%d, elements=%d"
              .formatted(index, position, elements));
    }
    if (position <= previous) {
      throw new IllegalArgumentException(
          "positions must ascend: index=%d, position=%d, previous=%d"
              .formatted(index, position, previous));
    }
  }

  /** {@link #random(Arena, long, long, Philox, Parallel)} on the calling thread. */
  public static IndexMask random(Arena arena, long elements, long count, Philox random) {
    return random(arena, elements, count, random, Parallel.SEQUENTIAL);
  }

  /**
   * Selects exactly {@code count} elements at random; all choices are equally likely. The same
   * stream gives the same mask on every machine and any number of threads. Takes an eighth of a
   * byte an element of working memory.
   *
   * @param arena owns the memory of the mask; one whose memory the threads of {@code parallel} may
   *     use
   * @param elements the elements of the tensor
   * @param count 0 to {@code elements}
   * @param random a stream that is used for nothing else
   * @throws IllegalArgumentException if {@code elements} or {@code count} is out of range
   */
  public static IndexMask random(
      Arena arena, long elements, long count, Philox random, Parallel parallel) {
    Objects.requireNonNull(arena, "arena must not be null");
    Objects.requireNonNull(random, "random must not be null");
    Objects.requireNonNull(parallel, "parallel must not be null");
    requireElements(elements);
    requireCount(count, elements);
    return MaskDraw.draw(arena, elements, count, random, parallel);
  }

  /** {@link #largest(Arena, Tensor, long, Parallel)} on the calling thread. */
  public static IndexMask largest(Arena arena, Tensor values, long count) {
    return largest(arena, values, count, Parallel.SEQUENTIAL);
  }

  /**
   * Selects the {@code count} elements of largest magnitude; of equal ones those of lower index.
   * Every NaN counts as larger than infinity, and all as equal. Takes an eighth of a byte an
   * element of working memory, and up to 20 MiB.
   *
   * @param arena owns the memory of the mask; one whose memory the threads of {@code parallel} may
   *     use
   * @param values float32 values, in memory that those threads may use
   * @param count 0 to the elements of {@code values}
   * @throws IllegalArgumentException if the tensor is not {@link DType#F32}, or {@code count} is
   *     out of range
   */
  public static IndexMask largest(Arena arena, Tensor values, long count, Parallel parallel) {
    Objects.requireNonNull(arena, "arena must not be null");
    Objects.requireNonNull(values, "values must not be null");
    Objects.requireNonNull(parallel, "parallel must not be null");
    if (values.dtype() != DType.F32) {
      throw new IllegalArgumentException("tensor must be F32: dtype=" + values.dtype());
    }
    requireCount(count, values.elements());
    return LargestDraw.draw(arena, values, count, parallel);
  }

  /**
   * Makes a mask from what {@link #elements}, {@link #count}, {@link #width} and {@link #data} of
   * another said, such as a saved one. Checks everything; the directory is built anew.
   *
   * @param arena owns the memory of the mask
   * @param data is copied; at any alignment
   * @throws IllegalArgumentException if no mask has these parts
   */
  public static IndexMask restore(
      Arena arena, long elements, long count, int width, MemorySegment data) {
    Objects.requireNonNull(arena, "arena must not be null");
    Objects.requireNonNull(data, "data must not be null");
    requireElements(elements);
    requireCount(count, elements);
    return MaskRestore.restore(arena, elements, count, width, data);
  }

  private static void requireElements(long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException("elements must not be negative: elements=" + elements);
    }
  }

  private static void requireCount(long count, long elements) {
    if (count < 0 || count > elements) {
      throw new IllegalArgumentException(
          "count must be in [0, elements]: count=%d, elements=%d".formatted(count, elements));
    }
  }

  /** The elements of the tensor, selected or not. */
  public long elements() {
    return elements;
  }

  /** How many elements are selected. */
  public long count() {
    return count;
  }

  /** The share of the elements that is selected; 0 if there are none. */
  public double density() {
    return elements == 0 ? 0 : (double) count / elements;
  }

  /** The bytes of memory that the mask holds: symbols and directory. */
  public long bytes() {
    return data.byteSize() + directory.byteSize();
  }

  /** The blocks that the selected elements are cut into. */
  public long blocks() {
    return GapCodec.blocks(count);
  }

  /**
   * The first element of the tensor that belongs to a block: the one behind the last selected
   * element of the block before, or 0. That of block {@link #blocks} is where the last block ends,
   * the number of elements.
   *
   * @throws IndexOutOfBoundsException if there is no such block
   */
  public long start(long block) {
    if (block < 0 || block > blocks()) {
      throw new IndexOutOfBoundsException(
          "block must be in [0, blocks]: block=%d, blocks=%d".formatted(block, blocks()));
    }
    return block == blocks() ? elements : GapCodec.start(directory, block);
  }

  /** The bits of a symbol: 1, 4, 8 or 16. With 1 the data are a bitmap, in which 0 is selected. */
  public int width() {
    return width;
  }

  /**
   * The symbols, read-only: little-endian 64-bit words, each filled from its lowest bit, where the
   * bits after the last symbol are ones. Equal selections have equal data.
   */
  public MemorySegment data() {
    return data.asReadOnly();
  }

  /**
   * Decodes a block: the selected elements number {@code block * BLOCK} and on. Allocates nothing.
   *
   * @param positions receives their positions in the tensor, in ascending order; {@link #BLOCK}
   *     long is always enough
   * @return how many there are: {@link #BLOCK}, or fewer in the last block
   * @throws IndexOutOfBoundsException if there is no such block
   * @throws IllegalArgumentException if {@code positions} is too short
   */
  public int decode(long block, long[] positions) {
    Objects.requireNonNull(positions, "positions must not be null");
    if (block < 0 || block >= blocks()) {
      throw new IndexOutOfBoundsException(
          "block must be in [0, blocks): block=%d, blocks=%d".formatted(block, blocks()));
    }
    int size = size(block);
    if (positions.length < size) {
      throw new IllegalArgumentException(
          "positions must hold a block: length=%d, selected=%d".formatted(positions.length, size));
    }
    GapCodec.decode(data, directory, width, block, positions, size);
    return size;
  }

  /**
   * The positions of all selected elements, in ascending order; {@link #positions} gives any number
   * of them.
   *
   * @throws IllegalStateException if they are more than an array can hold
   */
  public long[] toArray() {
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException("selection must fit an array: count=" + count);
    }
    long[] all = new long[(int) count];
    long[] positions = new long[BLOCK];
    for (int block = 0; block < blocks(); block++) {
      System.arraycopy(positions, 0, all, block * BLOCK, decode(block, positions));
    }
    return all;
  }

  /**
   * The positions of all selected elements, in ascending order, however many they are. They are
   * decoded block by block as they are asked for.
   */
  public LongIterator positions() {
    return new MaskPositions(this);
  }

  /**
   * Visits the elements that both masks select, in ascending order: what carries over from the one
   * to the other. Allocates nothing an element.
   *
   * @throws IllegalArgumentException if the masks are of tensors with different numbers of elements
   */
  public static void forEachCommon(IndexMask a, IndexMask b, CommonVisitor visitor) {
    Objects.requireNonNull(a, "a must not be null");
    Objects.requireNonNull(b, "b must not be null");
    Objects.requireNonNull(visitor, "visitor must not be null");
    if (a.elements != b.elements) {
      throw new IllegalArgumentException(
          "masks must be of as many elements: a=%d, b=%d".formatted(a.elements, b.elements));
    }
    long[] inA = new long[BLOCK];
    long[] inB = new long[BLOCK];
    long i = 0;
    long j = 0;
    while (i < a.count && j < b.count) {
      int p = (int) (i % BLOCK);
      int q = (int) (j % BLOCK);
      int endA = p == 0 ? a.decode(i / BLOCK, inA) : a.size(i / BLOCK);
      int endB = q == 0 ? b.decode(j / BLOCK, inB) : b.size(j / BLOCK);
      long baseA = i - p;
      long baseB = j - q;
      while (p < endA && q < endB) {
        long atA = inA[p];
        long atB = inB[q];
        if (atA == atB) {
          visitor.accept(baseA + p, baseB + q);
        }
        p += atA <= atB ? 1 : 0;
        q += atB <= atA ? 1 : 0;
      }
      i = baseA + p;
      j = baseB + q;
    }
  }

  private int size(long block) {
    return (int) Math.min(BLOCK, count - block * BLOCK);
  }

  /** Whether both masks select the same elements of as many. */
  public boolean hasSameSelection(IndexMask other) {
    Objects.requireNonNull(other, "other must not be null");
    return elements == other.elements
        && count == other.count
        && width == other.width
        && data.mismatch(other.data) == -1;
  }

  /** As in {@code IndexMask[count=3, elements=10, bytes=8]}. */
  @Override
  public String toString() {
    return "IndexMask[count=%d, elements=%d, bytes=%d]".formatted(count, elements, bytes());
  }
}
