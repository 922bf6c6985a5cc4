package io.spam4j.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a kernel, to be set once and changed between launches. Each must be set with the
 * method of its type in the kernel's signature: CUDA does not check it.
 */
public final class KernelArguments {
  private static final int SLOT = 8;

  private final MemorySegment values;
  private final MemorySegment pointers;
  private final @Nullable DeviceBuffer[] buffers;
  private final boolean[] set;

  /**
   * Arguments that are not set yet.
   *
   * @param count how many the kernel has
   */
  public KernelArguments(int count) {
    Arena arena = Arena.ofAuto();
    values = arena.allocate((long) SLOT * count, SLOT);
    pointers = arena.allocate(ValueLayout.ADDRESS, count);
    buffers = new DeviceBuffer[count];
    set = new boolean[count];
    for (int i = 0; i < count; i++) {
      pointers.setAtIndex(ValueLayout.ADDRESS, i, values.asSlice((long) SLOT * i, SLOT));
    }
  }

  /** Sets a pointer; the buffer must be open at the launch. */
  public KernelArguments setBuffer(int index, DeviceBuffer buffer) {
    values.set(ValueLayout.JAVA_LONG, slot(index), buffer.address());
    buffers[index] = buffer;
    return this;
  }

  /** Sets an {@code int} or {@code unsigned}. */
  public KernelArguments setInt(int index, int value) {
    values.set(ValueLayout.JAVA_INT, slot(index), value);
    return this;
  }

  /** Sets a {@code long long} or {@code size_t}. */
  public KernelArguments setLong(int index, long value) {
    values.set(ValueLayout.JAVA_LONG, slot(index), value);
    return this;
  }

  /** Sets a {@code float}. */
  public KernelArguments setFloat(int index, float value) {
    values.set(ValueLayout.JAVA_FLOAT, slot(index), value);
    return this;
  }

  /** Sets a {@code double}. */
  public KernelArguments setDouble(int index, double value) {
    values.set(ValueLayout.JAVA_DOUBLE, slot(index), value);
    return this;
  }

  private long slot(int index) {
    buffers[index] = null;
    set[index] = true;
    return (long) SLOT * index;
  }

  /** The {@code void **args} of a launch, after all checks. */
  MemorySegment ready(String kernel, CudaStream stream) {
    for (int i = 0; i < set.length; i++) {
      if (!set[i]) {
        throw new IllegalStateException(
            "every argument must be set: kernel=" + kernel + ", index=" + i);
      }
      DeviceBuffer buffer = buffers[i];
      if (buffer != null) {
        stream.use(buffer);
      }
    }
    return pointers;
  }
}
