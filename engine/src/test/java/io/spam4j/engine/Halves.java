package io.spam4j.engine;

import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;

/** Tensors of float32 or bfloat16 and what they hold as float32. */
public final class Halves {
  /** The formats that go with any optimizer of Adam's family and any weights and gradients. */
  public static final Set<MomentFormat> FORMATS =
      Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(MomentFormat.BF16_EMULATED)));

  private Halves() {}

  /** A tensor outside the heap, each value the nearest there is. */
  public static Tensor of(Arena arena, DType dtype, float[] values, long... shape) {
    Tensor tensor = Tensor.allocate(arena, dtype, shape);
    set(tensor, values);
    return tensor;
  }

  /** Replaces all values, each by the nearest there is. */
  public static void set(Tensor tensor, float... values) {
    MemorySegment from = MemorySegment.ofArray(values);
    if (tensor.dtype() == DType.BF16) {
      Bfloat16.encodeNearest(from, 0, tensor.memory(), 0, values.length);
    } else {
      tensor.memory().copyFrom(from);
    }
  }

  public static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.elements()];
    Float32Copy.copy(tensor, 0, values.length, MemorySegment.ofArray(values));
    return values;
  }

  /** Normal values that bfloat16 can hold, with some spikes. */
  public static float[] draw(long seed, int n) {
    return rounded(Runs.draw(new Random(seed), n, 300));
  }

  /** The nearest bfloat16 of each. */
  public static float[] rounded(float... values) {
    Tensor tensor =
        Tensor.of(MemorySegment.ofArray(new short[values.length]), DType.BF16, values.length);
    set(tensor, values);
    return floats(tensor);
  }
}
