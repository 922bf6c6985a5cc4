package io.spam4j.tensors;

import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Several tensors in one piece of memory, in the order in which they were added. All together may
 * be in {@link HugePages} where each is too small for them; so a step over many tensors waits less
 * for the processor's address cache.
 *
 * <pre>{@code
 * List<Tensor> weights = new TensorSlab().add(DType.F32, 512, 512).add(DType.F32, 512).allocate(arena);
 * }</pre>
 */
public final class TensorSlab {
  /*
   * Streams whose distance is a large power of two open the same rows of memory in turn: two tensors
   * of 256 MiB right behind each other cost a fifth of the speed.
   */
  private static final long LARGE = 4 << 20;

  private static final long APART = 2 * 4096;

  private final List<DType> dtypes = new ArrayList<>();
  private final List<long[]> shapes = new ArrayList<>();
  private final LongArrayList starts = new LongArrayList();
  private long bytes;
  private long gapBytes;

  /** A slab without tensors. */
  public TensorSlab() {}

  /**
   * Adds a tensor behind the others, aligned as by {@link Tensor#allocate}.
   *
   * @param shape the extents, slowest first; empty for a scalar; an extent may be 0
   * @return this slab
   * @throws IllegalArgumentException if an extent is negative or the sum of all bytes overflows
   */
  public TensorSlab add(DType dtype, long... shape) {
    Tensor.requireNonNull(dtype, shape);
    long[] extents = shape.clone();
    long size = Tensor.bytes(dtype, extents, Tensor.elements(extents));
    long alignment = Tensor.alignment(size);
    long gap = size < LARGE ? 0 : APART;
    long start = (bytes + gap + alignment - 1) / alignment * alignment;
    if (bytes > Long.MAX_VALUE - alignment - gap || size > Long.MAX_VALUE - start) {
      throw new IllegalArgumentException(
          "bytes of a slab must fit a long: before=%d, tensor=%d".formatted(bytes, size));
    }
    dtypes.add(dtype);
    shapes.add(extents);
    starts.add(start);
    gapBytes += start - bytes;
    bytes = start + size;
    return this;
  }

  /** The bytes that are allocated: those of all tensors and of the gaps between them. */
  public long bytes() {
    return bytes;
  }

  /** The bytes of the gaps alone, which alignment leaves. */
  public long gapBytes() {
    return gapBytes;
  }

  /**
   * Allocates all tensors, zero, in the order in which they were added. Each call allocates others.
   *
   * @throws IllegalStateException if the arena is closed
   * @throws WrongThreadException if the arena belongs to another thread
   */
  public List<Tensor> allocate(Arena arena) {
    Objects.requireNonNull(arena, "arena must not be null");
    return in(Tensor.allocate(arena, DType.I8, bytes).memory());
  }

  /**
   * The tensors, in the order in which they were added, in memory from elsewhere: at the places in
   * it that they have in each slab that is {@link #allocate allocated}. Their elements are what is
   * there.
   *
   * @param memory of {@link #bytes} or more, aligned to a page if it is to be as aligned
   * @throws IllegalArgumentException if it is smaller
   */
  public List<Tensor> in(MemorySegment memory) {
    Objects.requireNonNull(memory, "memory must not be null");
    if (memory.byteSize() < bytes) {
      throw new IllegalArgumentException(
          "memory must hold the slab: memory=%d, bytes=%d".formatted(memory.byteSize(), bytes));
    }
    List<Tensor> tensors = new ArrayList<>();
    for (int i = 0; i < shapes.size(); i++) {
      DType dtype = dtypes.get(i);
      long[] shape = shapes.get(i);
      long size = Tensor.bytes(dtype, shape, Tensor.elements(shape));
      tensors.add(Tensor.of(memory.asSlice(starts.getLong(i), size), dtype, shape));
    }
    return tensors;
  }
}
