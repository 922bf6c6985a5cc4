package io.spam4j.cuda;

import java.util.Arrays;
import java.util.Objects;

/**
 * A float32 tensor in the memory of a device, row-major. It owns nothing: closing its buffer ends
 * it.
 */
public final class DeviceTensor {
  private final DeviceBuffer buffer;
  private final long[] shape;
  private final long elements;

  private DeviceTensor(DeviceBuffer buffer, long[] shape, long elements) {
    this.buffer = buffer;
    this.shape = shape;
    this.elements = elements;
  }

  /**
   * Views a buffer as a tensor.
   *
   * @param shape the extents, slowest first, each at least 1; empty for a scalar
   * @throws IllegalArgumentException if the buffer has another size, or its address is no multiple
   *     of 4
   */
  public static DeviceTensor of(DeviceBuffer buffer, long... shape) {
    long[] extents = shape.clone();
    long elements = elements(extents);
    if (buffer.bytes() != elements * Float.BYTES || buffer.address() % Float.BYTES != 0) {
      throw new IllegalArgumentException(
          "tensor memory must hold exactly its float32 elements, at an address that is a multiple"
              + " of"
              + " 4: shape=%s, bytes=%d, memory=%d, address=0x%x"
                  .formatted(
                      Arrays.toString(extents),
                      elements * Float.BYTES,
                      buffer.bytes(),
                      buffer.address()));
    }
    return new DeviceTensor(buffer, extents, elements);
  }

  /**
   * Views memory of somebody else, such as a CUDA tensor of libtorch, without copying it. Whoever
   * owns it must keep it as long as work with it is under way.
   *
   * @param address on the device, as {@code data_ptr()} of a contiguous float32 tensor gives it
   * @param shape as in {@link #of(DeviceBuffer, long...)}
   */
  public static DeviceTensor of(long address, long... shape) {
    return of(DeviceBuffer.of(address, elements(shape) * Float.BYTES), shape);
  }

  private static long elements(long[] shape) {
    long elements = 1;
    for (long extent : shape) {
      if (extent < 1 || extent > (Long.MAX_VALUE / Float.BYTES) / elements) {
        throw new IllegalArgumentException(
            "tensor extents must be positive, and their bytes fit a long: shape="
                + Arrays.toString(shape));
      }
      elements *= extent;
    }
    return elements;
  }

  /** Where the elements are. */
  public DeviceBuffer buffer() {
    return buffer;
  }

  /** The extents, slowest first; a copy. */
  public long[] shape() {
    return shape.clone();
  }

  /** The number of elements. */
  public long elements() {
    return elements;
  }

  /** Whether both have the same extents. */
  public boolean hasShapeOf(DeviceTensor other) {
    return Arrays.equals(shape, Objects.requireNonNull(other, "other must not be null").shape);
  }

  /** Whether both have an element in common. */
  public boolean overlaps(DeviceTensor other) {
    long start = buffer.address();
    long otherStart = other.buffer.address();
    return start < otherStart + other.buffer.bytes() && otherStart < start + buffer.bytes();
  }

  /** The shape and address. */
  @Override
  public String toString() {
    return "F32%s at 0x%x".formatted(Arrays.toString(shape), buffer.address());
  }
}
