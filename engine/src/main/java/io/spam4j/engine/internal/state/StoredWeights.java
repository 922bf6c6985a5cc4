package io.spam4j.engine.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The weights of one tensor, as they lie in the caller's memory. */
public final class StoredWeights {
  private final Tensor weights;
  private final MemorySegment memory;
  private final WeightRounding rounding;
  private final @Nullable MemorySegment low; // of each weight, if they are exact
  private final RoundingKey key;

  /**
   * The weights of a parameter.
   *
   * @param low state of that name; null if there is none
   */
  public StoredWeights(
      Parameter parameter, WeightRounding rounding, RoundingKey key, @Nullable Tensor low) {
    weights = parameter.weights();
    memory = weights.memory();
    this.rounding = rounding;
    this.low = low == null ? null : low.memory();
    this.key = key;
  }

  public MemorySegment memory() {
    return memory;
  }

  public boolean isFloat32() {
    return weights.dtype() == DType.F32;
  }

  /** Whether an update needs them as float32 elsewhere. */
  public boolean isStaged() {
    return !(isFloat32() && memory.isNative());
  }

  /** Tells the fused update where they lie. */
  public void describe(Operands o) {
    o.weights = memory;
    if (low != null) {
      o.weightsLow = low;
    }
  }

  /** Their format for the fused update; null if it cannot work on them where they lie. */
  public @Nullable Weights form() {
    if (!memory.isNative()) {
      return null;
    }
    if (isFloat32()) {
      return Weights.F32;
    }
    return switch (rounding) {
      case STOCHASTIC -> Weights.BF16_STOCHASTIC;
      case NEAREST -> Weights.BF16_NEAREST;
      case EXACT -> Weights.SPLIT;
    };
  }

  /** The bytes of a weight, with what is kept of it besides. */
  public int bytesEach() {
    return isFloat32() || low != null ? Float.BYTES : Short.BYTES;
  }

  /** Decodes weights to the start of a buffer. */
  public void load(long from, long count, MemorySegment to) {
    if (low == null) {
      Float32Copy.copy(weights, from, count, to);
    } else {
      Bfloat16.decodeSplit(memory, from, low, from, to, 0, count);
    }
  }

  /** Puts back what {@link #load} gave, after step {@code t}. */
  public void store(MemorySegment of, long from, long count, long t) {
    if (isFloat32()) {
      MemorySegment.copy(of, 0, memory, from * Float.BYTES, count * Float.BYTES);
    } else if (low != null) {
      Bfloat16.encodeSplit(of, 0, memory, from, low, from, count);
    } else {
      round(of, memory, from, count, from, t);
    }
  }

  /** Makes every NaN among the weights {@code [from, to)} the same. */
  public void quiet(long from, long to) {
    if (isFloat32()) {
      QuietNaN.in(memory, from, to);
    } else if (low != null) {
      QuietNaN.inSplit(memory, low, from, to);
    } else {
      QuietNaN.inHalves(memory, from, to);
    }
  }

  private void round(
      MemorySegment of, MemorySegment to, long toElement, long count, long index, long t) {
    if (rounding == WeightRounding.STOCHASTIC) {
      Bfloat16.encodeStochastic(of, 0, to, toElement, count, Draw.WEIGHTS, key.at(t), index);
    } else {
      Bfloat16.encodeNearest(of, 0, to, toElement, count);
    }
  }

  /**
   * Decodes weights that lie apart to the start of a buffer.
   *
   * @param room for halves; null if the weights are F32
   */
  public void gather(long[] positions, int count, MemorySegment to, @Nullable StagedBlock room) {
    if (isFloat32()) {
      for (int i = 0; i < count; i++) {
        float weight = memory.get(JAVA_FLOAT_UNALIGNED, positions[i] * Float.BYTES);
        to.set(JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES, weight);
      }
      return;
    }
    StagedBlock block = Objects.requireNonNull(room);
    gatherHalves(memory, positions, count, block.high());
    if (low == null) {
      Bfloat16.decode(block.high(), 0, to, 0, count);
    } else {
      gatherHalves(low, positions, count, block.low());
      Bfloat16.decodeSplit(block.high(), 0, block.low(), 0, to, 0, count);
    }
  }

  /**
   * Puts back what {@link #gather} gave, after step {@code t}.
   *
   * @param room for halves; null if the weights are F32
   * @param index of the first among those that are selected
   */
  public void scatter(
      MemorySegment of,
      long[] positions,
      int count,
      @Nullable StagedBlock room,
      long index,
      long t) {
    if (isFloat32()) {
      for (int i = 0; i < count; i++) {
        float weight = of.get(JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES);
        memory.set(JAVA_FLOAT_UNALIGNED, positions[i] * Float.BYTES, weight);
      }
      return;
    }
    StagedBlock block = Objects.requireNonNull(room);
    if (low == null) {
      round(of, block.high(), 0, count, index, t);
    } else {
      Bfloat16.encodeSplit(of, 0, block.high(), 0, block.low(), 0, count);
      scatterHalves(block.low(), positions, count, low);
    }
    scatterHalves(block.high(), positions, count, memory);
  }

  private static void gatherHalves(
      MemorySegment from, long[] positions, int count, MemorySegment to) {
    for (int i = 0; i < count; i++) {
      short half = from.get(JAVA_SHORT_UNALIGNED, positions[i] * Short.BYTES);
      to.set(JAVA_SHORT_UNALIGNED, (long) i * Short.BYTES, half);
    }
  }

  private static void scatterHalves(
      MemorySegment from, long[] positions, int count, MemorySegment to) {
    for (int i = 0; i < count; i++) {
      short half = from.get(JAVA_SHORT_UNALIGNED, (long) i * Short.BYTES);
      to.set(JAVA_SHORT_UNALIGNED, positions[i] * Short.BYTES, half);
    }
  }
}
