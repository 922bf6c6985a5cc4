package io.spam4j.engine.internal.kernel;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import java.lang.foreign.MemorySegment;

/** Copies what is stored as float32 or bfloat16 to float32. */
public final class Float32Copy {
  private Float32Copy() {}

  /** Copies {@code count} elements from {@code at} on, to the start of a buffer. */
  public static void copy(Tensor from, long at, long count, MemorySegment buffer) {
    if (from.dtype() == DType.BF16) {
      Bfloat16.decode(from.memory(), at, buffer, 0, count);
    } else {
      MemorySegment.copy(from.memory(), at * Float.BYTES, buffer, 0, count * Float.BYTES);
    }
  }
}
