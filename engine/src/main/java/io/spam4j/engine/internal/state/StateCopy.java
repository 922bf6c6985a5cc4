package io.spam4j.engine.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import java.lang.foreign.MemorySegment;

/** Copies state from checkpoints, rounded where an optimizer keeps it in another type. */
public final class StateCopy {
  private StateCopy() {}

  /**
   * Copies a state tensor.
   *
   * @param target F32, F16, BF16, or of the type that was saved; of as many elements
   */
  public static void copy(Tensor saved, Tensor target) {
    if (saved.dtype() == target.dtype()) {
      target.memory().copyFrom(saved.memory());
    } else {
      round(saved, target);
    }
  }

  /** Rounds to nearest, ties to even. */
  private static void round(Tensor from, Tensor target) {
    MemorySegment to = target.memory();
    MemorySegment one = MemorySegment.ofArray(new float[1]);
    MemorySegment source = from.memory();
    for (long i = 0; i < from.elements(); i++) {
      float value = // a double that is no float may be rounded twice
          switch (from.dtype()) {
            case F64 -> (float) source.get(JAVA_DOUBLE_UNALIGNED, i * Double.BYTES);
            case F32 -> source.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
            case F16 -> Float.float16ToFloat(source.get(JAVA_SHORT_UNALIGNED, i * Short.BYTES));
            case BF16 ->
                Float.intBitsToFloat(source.get(JAVA_SHORT_UNALIGNED, i * Short.BYTES) << 16);
            default -> throw new IllegalArgumentException("no conversion: dtype=" + from.dtype());
          };
      switch (target.dtype()) {
        case F32 -> to.set(JAVA_FLOAT_UNALIGNED, i * Float.BYTES, value);
        case F16 -> to.set(JAVA_SHORT_UNALIGNED, i * Short.BYTES, Float.floatToFloat16(value));
        case BF16 -> {
          one.set(JAVA_FLOAT_UNALIGNED, 0, value);
          Bfloat16.encodeNearest(one, 0, to, i, 1);
        }
        default -> throw new IllegalArgumentException("no conversion: dtype=" + target.dtype());
      }
    }
  }
}
