package io.spam4j.engine.internal.state;

import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The moments of one tensor, as they lie in the state: a class for each way to store them. Elements
 * are counted in the moments.
 */
public abstract sealed class StoredMoments permits F32Moments, Bfloat16Moments, Int8Moments {
  public final MemorySegment first;
  public final MemorySegment second;

  // Float32 in any case.
  public final @Nullable MemorySegment largest;
  public final @Nullable MemorySegment mean;
  public final @Nullable MemorySegment variance;

  private final DType type; // of the first; the second has one of as many bytes
  private final long bytes;

  StoredMoments(SequencedMap<String, Tensor> state) {
    Tensor firstTensor = Objects.requireNonNull(state.get(StateNames.FIRST));
    first = firstTensor.memory();
    second = Objects.requireNonNull(memory(state, StateNames.SECOND));
    largest = memory(state, StateNames.LARGEST);
    mean = memory(state, StateNames.MEAN);
    variance = memory(state, StateNames.VARIANCE);
    type = firstTensor.dtype();
    Tensor low = state.get(StateNames.LOW);
    bytes =
        state.values().stream().mapToLong(Tensor::bytes).sum() - (low == null ? 0 : low.bytes());
  }

  private static @Nullable MemorySegment memory(SequencedMap<String, Tensor> state, String name) {
    Tensor tensor = state.get(name);
    return tensor == null ? null : tensor.memory();
  }

  /**
   * A way to store moments, before there are any.
   *
   * @param first the type of the first moments
   * @param second the type of the second
   * @param block how many moments share a grid; 0 for none
   * @param maker gives moments their class
   */
  record Format(DType first, DType second, int block, Maker maker) {
    static Format of(MomentFormat format) {
      return switch (format) {
        case F32 -> F32Moments.FORMAT;
        case BF16 -> Bfloat16Moments.FORMAT;
        case INT8 -> Int8Moments.FORMAT;
        case BF16_EMULATED -> Bfloat16Moments.EMULATED;
      };
    }
  }

  /** Makes moments of the state tensors that they lie in. */
  @FunctionalInterface
  interface Maker {
    StoredMoments of(RoundingKey key, SequencedMap<String, Tensor> state);
  }

  /** The moments in state that only steps have changed. */
  public static StoredMoments of(
      AdamSettings adam, RoundingKey key, SequencedMap<String, Tensor> state) {
    return Format.of(adam.moments).maker().of(key, state);
  }

  /** The moments in state that something else than a step has filled, such as a checkpoint. */
  public static StoredMoments restored(
      AdamSettings adam, RoundingKey key, SequencedMap<String, Tensor> state) {
    StoredMoments moments = of(adam, key, state);
    if (adam.flushesSubnormals) {
      moments.flush();
    }
    return moments;
  }

  /** Makes subnormal moments 0, if a loop relies on it that a step leaves none. */
  void flush() {}

  /** The bytes of all that a step reads and writes. */
  public final long bytes() {
    return bytes;
  }

  /** Whether an update needs them as float32 elsewhere. */
  public abstract boolean isStaged();

  /** Whether they are codes that can be stored in whole blocks only. */
  public boolean isCodes() {
    return false;
  }

  /** Decodes moments to the start of two buffers; {@code from} begins a block of codes. */
  public abstract void load(long from, long count, MemorySegment toFirst, MemorySegment toSecond);

  /** Puts back what {@link #load} gave, after step {@code t}. */
  public abstract void store(
      MemorySegment ofFirst, MemorySegment ofSecond, long from, long count, long t);

  /** Makes every NaN among the moments {@code [from, to)} the same. */
  public abstract void quiet(long from, long to);

  /** Tells the fused update where they lie. */
  public void describe(Operands o) {
    o.firstMoment = first;
    o.secondMoment = second;
  }

  /** The type by which the fused update knows them; null if it has no loop for them. */
  public final @Nullable DType form() {
    return largest == null && mean == null && haveLoop() ? type : null;
  }

  /** Whether the fused update has a loop for both moments in this format. */
  boolean haveLoop() {
    return true;
  }

  /** Sets all that belongs to the moments {@code [from, to)} to 0. */
  public void zero(long from, long to) {
    FusedUpdate.zero(first, type.bytes(from), type.bytes(to));
    FusedUpdate.zero(second, type.bytes(from), type.bytes(to));
    zeroFloats(largest, from, to);
    zeroFloats(mean, from, to);
    zeroFloats(variance, from, to);
  }

  static void zeroFloats(@Nullable MemorySegment segment, long from, long to) {
    if (segment != null) {
      FusedUpdate.zero(segment, from * Float.BYTES, to * Float.BYTES);
    }
  }
}
