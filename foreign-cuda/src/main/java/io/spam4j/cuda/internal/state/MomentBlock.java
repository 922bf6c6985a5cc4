package io.spam4j.cuda.internal.state;

import io.spam4j.cuda.CudaException;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.internal.CloseFailures;
import org.jspecify.annotations.Nullable;

/**
 * The state of one parameter on the device: its state tensors one behind the other, and where only
 * some weights have moments, their positions in tiles of {@link ChunkTable#TILE}, 2 bytes each.
 */
final class MomentBlock {
  private static final long ALIGNMENT = 256;

  private final @Nullable DeviceBuffer memory; // null if nothing is selected
  private final int tensors;
  private final long count;
  private final boolean hasPositions;

  private MomentBlock(
      @Nullable DeviceBuffer memory, int tensors, long count, boolean hasPositions) {
    this.memory = memory;
    this.tensors = tensors;
    this.count = count;
    this.hasPositions = hasPositions;
  }

  /**
   * The bytes of a block.
   *
   * @param tensors how many state tensors
   * @param count the elements of each
   */
  static long bytes(int tensors, long count, boolean hasPositions) {
    return tensors * stride(count) + (hasPositions ? align(count * Short.BYTES) : 0);
  }

  private static long stride(long count) {
    return align(count * Float.BYTES);
  }

  private static long align(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** A block of a dense parameter, in memory of {@link #bytes} bytes. */
  static MomentBlock dense(DeviceBuffer memory, int tensors, long count) {
    return new MomentBlock(memory, tensors, count, false);
  }

  /** Memory for a sparse parameter with so many moments, which are 0. */
  static MomentBlock sparse(CudaStream stream, int tensors, long count) {
    if (count == 0) {
      return new MomentBlock(null, tensors, 0, true);
    }
    DeviceBuffer memory = stream.device().allocate(bytes(tensors, count, true));
    try {
      stream.fill(memory, (byte) 0);
    } catch (CudaException e) {
      CloseFailures.closeAfter(e, memory::close);
      throw e;
    }
    return new MomentBlock(memory, tensors, count, true);
  }

  /** How many moments each state tensor has. */
  long count() {
    return count;
  }

  /** How many state tensors there are. */
  int tensors() {
    return tensors;
  }

  /** One of the state tensors; null if it has no elements. */
  @Nullable DeviceBuffer tensor(int index) {
    return memory == null ? null : memory.slice(index * stride(count), count * Float.BYTES);
  }

  long address(int index) {
    DeviceBuffer tensor = tensor(index);
    return tensor == null ? 0 : tensor.address();
  }

  /** The positions; null if there are none. */
  @Nullable DeviceBuffer positions() {
    return memory == null || !hasPositions
        ? null
        : memory.slice(tensors * stride(count), count * Short.BYTES);
  }

  long positionsAddress() {
    DeviceBuffer positions = positions();
    return positions == null ? 0 : positions.address();
  }

  /** Frees the memory of a sparse block; work that uses it must be done. */
  void close() {
    if (memory != null) {
      memory.close();
    }
  }
}
