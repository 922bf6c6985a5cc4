package io.spam4j.engine.internal.state;

import io.spam4j.engine.internal.decide.StateNames;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateForm.Moments;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import io.spam4j.tensors.internal.simd.Int8Blocks;
import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** The moments of one tensor, as they lie in the state. Elements are counted in the moments. */
public final class StoredMoments {
  private static final int EXPONENT_OF_HALF = 0x7f80;

  private final MomentFormat format;
  private final RoundingKey key;
  public final MemorySegment first;
  public final MemorySegment second;
  private final @Nullable MemorySegment firstScale;
  private final @Nullable MemorySegment secondScale;

  // Float32 in any case.
  public final @Nullable MemorySegment largest;
  public final @Nullable MemorySegment mean;
  public final @Nullable MemorySegment variance;

  private final long bytes;

  public StoredMoments(MomentFormat format, RoundingKey key, SequencedMap<String, Tensor> state) {
    this.format = format;
    this.key = key;
    first = Objects.requireNonNull(memory(state, StateNames.FIRST));
    second = Objects.requireNonNull(memory(state, StateNames.SECOND));
    firstScale = memory(state, StateNames.FIRST_SCALE);
    secondScale = memory(state, StateNames.SECOND_SCALE);
    largest = memory(state, StateNames.LARGEST);
    mean = memory(state, StateNames.MEAN);
    variance = memory(state, StateNames.VARIANCE);
    Tensor low = state.get(StateNames.LOW);
    bytes =
        state.values().stream().mapToLong(Tensor::bytes).sum() - (low == null ? 0 : low.bytes());
  }

  private static @Nullable MemorySegment memory(SequencedMap<String, Tensor> state, String name) {
    Tensor tensor = state.get(name);
    return tensor == null ? null : tensor.memory();
  }

  /** The bytes of all that a step reads and writes. */
  public long bytes() {
    return bytes;
  }

  /** Whether an update needs them as float32 elsewhere. */
  public boolean isStaged() {
    return format != MomentFormat.F32;
  }

  /** Whether they are codes of 8 bits, in blocks. */
  public boolean isCodes() {
    return format == MomentFormat.INT8;
  }

  /** Decodes moments to the start of two buffers; {@code from} begins a block of 8-bit codes. */
  public void load(long from, long count, MemorySegment toFirst, MemorySegment toSecond) {
    if (format == MomentFormat.BF16) {
      Bfloat16.decode(first, from, toFirst, 0, count);
      Bfloat16.decode(second, from, toSecond, 0, count);
    } else {
      long block = from / Int8Blocks.BLOCK;
      Int8Blocks.decodeSigned(first, scales(firstScale), block, toFirst, 0, count);
      Int8Blocks.decodeUnsigned(second, scales(secondScale), block, toSecond, 0, count);
    }
  }

  /** Puts back what {@link #load} gave, after step {@code t}. */
  public void store(MemorySegment ofFirst, MemorySegment ofSecond, long from, long count, long t) {
    long k = key.at(t);
    if (format == MomentFormat.BF16) {
      Bfloat16.encodeStochastic(ofFirst, 0, first, from, count, Draw.FIRST, k, from);
      Bfloat16.encodeStochastic(ofSecond, 0, second, from, count, Draw.SECOND, k, from);
    } else {
      Int8Blocks.encodeMoments(
          ofFirst,
          ofSecond,
          0,
          first,
          scales(firstScale),
          second,
          scales(secondScale),
          from / Int8Blocks.BLOCK,
          count,
          k);
    }
  }

  /** Decodes moments that begin and end anywhere in blocks of codes. */
  public void loadPart(
      long from, long count, MemorySegment toFirst, MemorySegment toSecond, long at) {
    Int8Blocks.decodeSignedPart(first, scales(firstScale), from, toFirst, at, count);
    Int8Blocks.decodeUnsignedPart(second, scales(secondScale), from, toSecond, at, count);
  }

  /** Tells the fused update where they lie. */
  public void describe(Operands o) {
    o.firstMoment = first;
    o.secondMoment = second;
    if (format == MomentFormat.INT8) {
      o.firstScales = scales(firstScale);
      o.secondScales = scales(secondScale);
    }
  }

  /** Their format for the fused update; null if it needs more than both moments. */
  public @Nullable Moments form() {
    if (largest != null || mean != null) {
      return null;
    }
    return switch (format) {
      case F32 -> Moments.F32;
      case BF16 -> Moments.BF16;
      case INT8 -> Moments.INT8;
      case BF16_EMULATED -> null;
    };
  }

  private static MemorySegment scales(@Nullable MemorySegment scales) {
    return Objects.requireNonNull(scales);
  }

  /**
   * Makes subnormal moments of 16 bits 0. A step leaves none, so those of a file are the only ones,
   * and the loop for 16 bits need not look for them.
   */
  public void flushHalves() {
    if (format == MomentFormat.BF16) {
      flushHalves(first);
      flushHalves(second);
    }
  }

  private static void flushHalves(MemorySegment moments) {
    for (long at = 0; at < moments.byteSize(); at += Short.BYTES) {
      if ((moments.get(JAVA_SHORT_UNALIGNED, at) & EXPONENT_OF_HALF) == 0) {
        moments.set(JAVA_SHORT_UNALIGNED, at, (short) 0);
      }
    }
  }

  /** Sets all that belongs to the moments {@code [from, to)} to 0. */
  public void zero(long from, long to) {
    int bytes =
        switch (format) {
          case F32 -> Float.BYTES;
          case BF16, BF16_EMULATED -> Short.BYTES;
          case INT8 -> Byte.BYTES;
        };
    FusedUpdate.zero(first, from * bytes, to * bytes);
    FusedUpdate.zero(second, from * bytes, to * bytes);
    long firstBlock = from / Int8Blocks.BLOCK;
    long endBlock = Int8Blocks.blockCount(to);
    zeroFloats(firstScale, firstBlock, endBlock);
    zeroFloats(secondScale, firstBlock, endBlock);
    zeroFloats(largest, from, to);
    zeroFloats(mean, from, to);
    zeroFloats(variance, from, to);
  }

  private static void zeroFloats(@Nullable MemorySegment segment, long from, long to) {
    if (segment != null) {
      FusedUpdate.zero(segment, from * Float.BYTES, to * Float.BYTES);
    }
  }
}
