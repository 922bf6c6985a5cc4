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
import org.jspecify.annotations.Nullable;

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
 * <p>A mask of lines selects whole lines of L consecutive elements each ({@link #ofLines}). Symbols
 * then stand for lines: it holds a bit a line, 1 / (8 L) bytes an element, or less.
 *
 * <p>Everything counts in {@code long}: tensors may have more than 2^31 elements, and a mask may
 * select more than 2^31 of them.
 */
public final class IndexMask {
  /*
   * A reader wants the positions of a stretch of selected elements: so blocks are cut by selected
   * elements, whose positions fit the first-level cache. Fixed widths decode without branches on the
   * data, in a nanosecond a symbol; an entropy code would take 0.8 bytes less, several times as long.
   */

  /** Selected elements a block; the last block may have fewer. */
  public static final int BLOCK = 2048;

  /** The fewest elements of a line, but for a tensor's last, and the most. */
  public static final int SHORTEST_LINE = 8, LONGEST_LINE = 4096;

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
  private final int lineLength;
  private final @Nullable IndexMask lines; // null if elements are selected one by one

  IndexMask(long elements, long count, int width, MemorySegment data, MemorySegment directory) {
    this.elements = elements;
    this.count = count;
    this.width = width;
    this.data = data.asReadOnly();
    this.directory = directory;
    lineLength = 1;
    lines = null;
  }

  private IndexMask(IndexMask lines, int lineLength, long elements) {
    this.elements = elements;
    this.lines = lines;
    this.lineLength = lineLength;
    count = LinePositions.count(lines, lineLength, elements);
    width = lines.width;
    data = lines.data;
    directory = lines.directory;
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
    MaskChecks.requireElements(elements);
    long previous = -1;
    for (int i = 0; i < positions.length; i++) {
      MaskChecks.requireNext(i, positions[i], previous, elements);
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
    MaskChecks.requireElements(elements);
    return MaskParts.encode(arena, elements, positions);
  }

  /**
   * {@link #of(Arena, long, LongIterator)} of a big list, or of a big array through {@link
   * LongBigArrayBigList#wrap(long[][])}.
   */
  public static IndexMask of(Arena arena, long elements, LongBigList positions) {
    Objects.requireNonNull(positions, "positions must not be null");
    return of(arena, elements, positions.iterator());
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
    MaskChecks.requireElements(elements);
    MaskChecks.requireCount(count, elements);
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
    MaskChecks.requireF32(values);
    Objects.requireNonNull(parallel, "parallel must not be null");
    MaskChecks.requireCount(count, values.elements());
    return LargestDraw.draw(arena, values, count, parallel);
  }

  /**
   * Makes a mask from what {@link #elements}, {@link #count}, {@link #width} and {@link #data} of
   * another said, such as a saved one; one of lines from its {@link #lines}. Checks everything.
   *
   * @param arena owns the memory of the mask
   * @param data is copied; at any alignment
   * @throws IllegalArgumentException if no mask has these parts
   */
  public static IndexMask restore(
      Arena arena, long elements, long count, int width, MemorySegment data) {
    Objects.requireNonNull(arena, "arena must not be null");
    Objects.requireNonNull(data, "data must not be null");
    MaskChecks.requireElements(elements);
    MaskChecks.requireCount(count, elements);
    return MaskRestore.restore(arena, elements, count, width, data);
  }

  /**
   * Selects whole lines of consecutive elements: line i has the elements from i times {@code
   * lineLength} on. The last line of a tensor may be shorter.
   *
   * @param lines the selected ones of the {@code elements / lineLength} lines, rounded up; its
   *     memory is that of the mask
   * @param lineLength a power of two from {@value #SHORTEST_LINE} to {@value #LONGEST_LINE}
   * @throws IllegalArgumentException if {@code lineLength} is none, {@code elements} is negative,
   *     or {@code lines} is itself a mask of lines or of another number of them
   */
  public static IndexMask ofLines(IndexMask lines, int lineLength, long elements) {
    MaskChecks.requireLines(lines, lineLength, elements);
    return new IndexMask(lines, lineLength, elements);
  }

  /**
   * {@link #largest(Arena, Tensor, long, Parallel)} of lines by their Euclidean norms, squares
   * added as doubles in order, norms rounded to float32. Takes 4 bytes a line of working memory
   * more.
   *
   * @param lineLength as in {@link #ofLines}
   * @param count 0 to the number of lines
   * @throws IllegalArgumentException if the tensor is not {@link DType#F32}, or {@code lineLength}
   *     or {@code count} is out of range
   */
  public static IndexMask largestLines(
      Arena arena, Tensor values, int lineLength, long count, Parallel parallel) {
    MaskChecks.requireF32(values);
    MaskChecks.requireLength(lineLength);
    Objects.requireNonNull(parallel, "parallel must not be null");
    try (var temporary = Arena.ofShared()) {
      Tensor norms = LineNorms.of(temporary, values, lineLength, parallel);
      return ofLines(largest(arena, norms, count, parallel), lineLength, values.elements());
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
    MaskChecks.requireBlock(block <= blocks(), "[0, blocks]", block, blocks());
    if (lines != null && block > 0 && block < blocks()) {
      return LinePositions.position(lines, lineLength, block * BLOCK - 1) + 1;
    }
    return block == blocks() ? elements : GapCodec.start(directory, block);
  }

  /** The elements of a line: 1, or as in {@link #ofLines}. */
  public int lineLength() {
    return lineLength;
  }

  /** Which lines are selected; this mask itself if elements are selected one by one. */
  public IndexMask lines() {
    return lines == null ? this : lines;
  }

  /**
   * The bits of a symbol: 1, 4, 8 or 16. With 1 the data are a bitmap, in which 0 is selected: an
   * element, or a line.
   */
  public int width() {
    return width;
  }

  /**
   * The symbols, read-only: little-endian 64-bit words, each filled from its lowest bit, where the
   * bits after the last symbol are ones. Equal selections of lines as long have equal data.
   */
  public MemorySegment data() {
    return data;
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
    MaskChecks.requireBlock(block < blocks(), "[0, blocks)", block, blocks());
    int size = size(block);
    MaskChecks.requireRoom(positions, size);
    if (lines == null) {
      GapCodec.decode(data, directory, width, block, 0, positions, size);
    } else {
      LinePositions.decode(lines, lineLength, block * BLOCK, positions, size);
    }
    return size;
  }

  /** Decodes {@code some} of a block from the selected element {@code rank} on. */
  void decodeSome(long rank, long[] positions, int some) {
    int skipped = (int) (rank % BLOCK);
    GapCodec.decode(data, directory, width, rank / BLOCK, skipped, positions, some);
  }

  /**
   * The positions of all selected elements, in ascending order; {@link #positions} gives any number
   * of them.
   *
   * @throws IllegalStateException if they are more than an array can hold
   */
  public long[] toArray() {
    MaskChecks.requireArray(count);
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
    MaskChecks.requireSame(a.elements, b.elements);
    CommonPositions.forEach(a, b, visitor);
  }

  int size(long block) {
    return (int) Math.min(BLOCK, count - block * BLOCK);
  }

  /** Whether both masks select the same elements of as many. */
  public boolean hasSameSelection(IndexMask other) {
    Objects.requireNonNull(other, "other must not be null");
    return elements == other.elements
        && count == other.count
        && (lineLength == other.lineLength
            ? width == other.width && data.mismatch(other.data) == -1
            : CommonPositions.areAll(this, other));
  }

  /**
   * As in {@code IndexMask[count=3, elements=10, bytes=8]}, of lines {@code ..., lineLength=32]}.
   */
  @Override
  public String toString() {
    String line = lines == null ? "" : ", lineLength=" + lineLength;
    return "IndexMask[count=%d, elements=%d, bytes=%d%s]".formatted(count, elements, bytes(), line);
  }
}
