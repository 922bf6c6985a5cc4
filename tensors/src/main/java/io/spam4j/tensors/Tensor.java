package io.spam4j.tensors;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;

/**
 * A typed, shaped, row-major view of a {@link MemorySegment}. It owns nothing: the memory, heap or
 * native, at any alignment and of any size, belongs to whoever made the segment. The view itself is
 * immutable; what it shows is not.
 *
 * <p>Memory that is a mapped file must keep its length as long as it is used: where somebody
 * shortens the file, an access is an {@link InternalError} after part of the work, such as some
 * parameters of a step, or ends the JVM (SIGBUS) inside a vector loop, and neither can be foreseen
 * here. Whoever maps weights or gradients maps a file that nobody else writes to, such as one that
 * is only ever replaced by renaming another, or a private copy. After such an error weights and
 * state are those of no step: load a checkpoint. Checkpoints themselves are read, not mapped.
 *
 * <p>There is deliberately no accessor for one element in a hot path: kernels work on {@link
 * #memory()}. {@link #getFloat} and {@link #setFloat} are for tests, reports and examples.
 */
public final class Tensor {
  /** Tensors of fewer bytes do not begin at a page. */
  private static final long SMALL = 64 << 10;

  private static final long PAGE = 4096;

  private final MemorySegment memory;
  private final DType dtype;
  private final long[] shape;
  private final long elements;

  private Tensor(MemorySegment memory, DType dtype, long[] shape, long elements) {
    this.memory = memory;
    this.dtype = dtype;
    this.shape = shape;
    this.elements = elements;
  }

  /**
   * Views {@code memory} as a tensor.
   *
   * @param memory exactly the bytes of the elements, in row-major order
   * @param shape the extents, slowest first; empty for a scalar; an extent may be 0
   * @throws IllegalArgumentException if an extent is negative, the product overflows, or the memory
   *     has another size
   */
  public static Tensor of(MemorySegment memory, DType dtype, long... shape) {
    Objects.requireNonNull(memory, "memory must not be null");
    requireNonNull(dtype, shape);
    long[] extents = shape.clone();
    long elements = elements(extents);
    long bytes = bytes(dtype, extents, elements);
    if (memory.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "tensor memory must hold exactly its elements: shape=%s, dtype=%s, bytes=%d, memory=%d"
              .formatted(Arrays.toString(extents), dtype, bytes, memory.byteSize()));
    }
    return new Tensor(memory, dtype, extents, elements);
  }

  /**
   * Views a heap array as an {@link DType#F32} tensor, without copying it.
   *
   * @throws IllegalArgumentException if the shape has another number of elements than the array
   */
  public static Tensor of(float[] values, long... shape) {
    Objects.requireNonNull(values, "values must not be null");
    return of(MemorySegment.ofArray(values), DType.F32, shape);
  }

  /**
   * Allocates a tensor of zeros, aligned to 64 bytes; from 64 KiB on to 4096, and from 4 MiB on in
   * {@link HugePages} if that is allowed.
   *
   * @throws IllegalStateException if the arena is closed
   * @throws WrongThreadException if the arena belongs to another thread
   * @throws IllegalArgumentException if an extent is negative or the product overflows
   */
  public static Tensor allocate(Arena arena, DType dtype, long... shape) {
    Objects.requireNonNull(arena, "arena must not be null");
    requireNonNull(dtype, shape);
    long[] extents = shape.clone();
    long elements = elements(extents);
    long bytes = bytes(dtype, extents, elements);
    MemorySegment memory = arena.allocate(bytes, alignment(bytes));
    HugePages.adviseIfLarge(memory);
    return new Tensor(memory, dtype, extents, elements);
  }

  /** Where a tensor of so many bytes may begin. */
  static long alignment(long bytes) {
    // Streams that lie some lines of the cache apart, modulo a page, get in each other's way.
    return bytes < SMALL ? 64 : PAGE;
  }

  static void requireNonNull(DType dtype, long[] shape) {
    Objects.requireNonNull(dtype, "dtype must not be null");
    Objects.requireNonNull(shape, "shape must not be null");
  }

  /**
   * The number of elements of a tensor of this shape: the product of its extents.
   *
   * @throws IllegalArgumentException if an extent is negative or the product overflows
   */
  public static long elements(long[] shape) {
    Objects.requireNonNull(shape, "shape must not be null");
    long product = 1;
    boolean empty = false;
    for (long extent : shape) {
      if (extent < 0) {
        throw new IllegalArgumentException(
            "tensor extents must not be negative: shape=" + Arrays.toString(shape));
      }
      empty |= extent == 0;
    }
    if (empty) {
      return 0;
    }
    for (long extent : shape) {
      if (Math.multiplyHigh(product, extent) != 0 || product * extent < 0) {
        throw new IllegalArgumentException(
            "tensor elements must fit a long: shape=" + Arrays.toString(shape));
      }
      product *= extent;
    }
    return product;
  }

  static long bytes(DType dtype, long[] shape, long elements) {
    try {
      return dtype.bytes(elements);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "tensor bytes must be a whole number that fits a long: shape=%s, dtype=%s"
              .formatted(Arrays.toString(shape), dtype),
          e);
    }
  }

  /** The bytes of the elements, row-major, in native byte order. */
  public MemorySegment memory() {
    return memory;
  }

  /** The element type. */
  public DType dtype() {
    return dtype;
  }

  /** The extents, slowest first; a copy. */
  public long[] shape() {
    return shape.clone();
  }

  /** The number of dimensions; 0 for a scalar. */
  public int rank() {
    return shape.length;
  }

  /** The number of elements; 1 for a scalar. */
  public long elements() {
    return elements;
  }

  /** The bytes of the elements. */
  public long bytes() {
    return memory.byteSize();
  }

  /** Whether both tensors have the same extents; allocates nothing. */
  public boolean hasShapeOf(Tensor other) {
    return Arrays.equals(shape, Objects.requireNonNull(other, "other must not be null").shape);
  }

  /** The shape as in {@code [3, 4]}. */
  public String shapeText() {
    return Arrays.toString(shape);
  }

  /**
   * Reads element {@code index} in row-major order.
   *
   * @throws IllegalStateException if the tensor is not {@link DType#F32}
   * @throws IndexOutOfBoundsException if there is no such element
   */
  public float getFloat(long index) {
    requireF32();
    requireIndex(index);
    return memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
  }

  /**
   * Writes element {@code index} in row-major order.
   *
   * @throws IllegalStateException if the tensor is not {@link DType#F32}
   * @throws IndexOutOfBoundsException if there is no such element
   */
  public void setFloat(long index, float value) {
    requireF32();
    requireIndex(index);
    memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES, value);
  }

  /**
   * Copies the elements into a new array.
   *
   * @throws IllegalStateException if the tensor is not {@link DType#F32} or has more elements than
   *     an array can
   */
  public float[] toFloats() {
    requireF32();
    if (elements > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException("tensor must fit an array: elements=" + elements);
    }
    float[] values = new float[(int) elements];
    MemorySegment.ofArray(values).copyFrom(memory);
    return values;
  }

  private void requireIndex(long index) {
    if (index < 0 || index >= elements) {
      throw new IndexOutOfBoundsException(
          "index must be in [0, elements): index=%d, elements=%d".formatted(index, elements));
    }
  }

  private void requireF32() {
    if (dtype != DType.F32) {
      throw new IllegalStateException("tensor must be F32: dtype=" + dtype);
    }
  }

  /** The element type and shape, as in {@code F32[3, 4]}. */
  @Override
  public String toString() {
    return dtype + shapeText();
  }
}
