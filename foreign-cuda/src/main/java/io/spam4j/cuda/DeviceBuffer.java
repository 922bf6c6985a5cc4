package io.spam4j.cuda;

import io.spam4j.cuda.internal.NativeFunction;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Memory of a device. The host cannot read it: {@link CudaStream} copies from and to it.
 *
 * <p>A buffer that was allocated owns its memory; a slice and a foreign buffer do not, and closing
 * them frees nothing. A slice is closed as soon as the buffer it was cut from is.
 */
public final class DeviceBuffer implements AutoCloseable {
  private final @Nullable Handle memory;
  private final @Nullable DeviceBuffer parent;
  private final long address;
  private final long bytes;
  private boolean closed;

  private DeviceBuffer(
      @Nullable Handle memory, @Nullable DeviceBuffer parent, long address, long bytes) {
    this.memory = memory;
    this.parent = parent;
    this.address = address;
    this.bytes = bytes;
  }

  static DeviceBuffer allocate(DeviceContext context, long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("a buffer must have at least one byte: bytes=" + bytes);
    }
    context.enter();
    NativeFunction malloc = context.cudart().malloc;
    MemorySegment pointer =
        context.outPointer(malloc, out -> malloc.call(out, bytes), "bytes", bytes);
    Handle handle = new Handle(context, "device buffer", pointer, context.cudart().free);
    return new DeviceBuffer(handle, null, pointer.address(), bytes);
  }

  /**
   * Wraps memory of somebody else, who must keep it as long as work with it is under way.
   *
   * @param address on the device, as {@code data_ptr()} of a CUDA tensor gives it
   * @param bytes how many may be used, at least 0
   */
  public static DeviceBuffer of(long address, long bytes) {
    if (bytes < 0 || (address == 0 && bytes > 0)) {
      throw new IllegalArgumentException(
          "foreign memory must have an address and a size: address="
              + address
              + ", bytes="
              + bytes);
    }
    return new DeviceBuffer(null, null, address, bytes);
  }

  /**
   * A part of this buffer, which shares its memory and does not own it.
   *
   * @param offset in bytes
   * @param length in bytes
   */
  public DeviceBuffer slice(long offset, long length) {
    Objects.checkFromIndexSize(offset, length, bytes);
    return new DeviceBuffer(null, this, address() + offset, length);
  }

  /**
   * Where the memory begins, for kernels.
   *
   * @throws IllegalStateException if the buffer is closed, or the one it is a slice of
   */
  public long address() {
    requireOpen();
    return address;
  }

  private void requireOpen() {
    if (closed || (memory != null && memory.isClosed())) {
      throw new IllegalStateException("the device buffer must not be closed: bytes=" + bytes);
    }
    if (parent != null) {
      parent.requireOpen();
    }
  }

  MemorySegment pointer() {
    return MemorySegment.ofAddress(address());
  }

  /** How much memory it is. */
  public long bytes() {
    return bytes;
  }

  /**
   * Frees the memory if this buffer owns it, and waits for the device; harmless if closed already.
   */
  @Override
  public void close() {
    if (memory != null) {
      memory.close();
    } else {
      closed = true;
    }
  }
}
