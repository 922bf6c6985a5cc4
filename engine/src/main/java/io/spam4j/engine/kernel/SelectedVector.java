package io.spam4j.engine.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.tensors.simd.VectorMode;
import io.spam4j.tensors.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Packs the selected of consecutive elements, and spreads them again, whole vectors at a time by
 * the bits of the selection. On native memory only, as all vector loops.
 */
final class SelectedVector {
  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final int LENGTH = S.length(); // at most 64, and a divisor of it
  private static final long LANES = -1L >>> (Long.SIZE - LENGTH);
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private SelectedVector() {}

  /** See {@link Selected#gather}. */
  static int gather(Operands from, Operands to, MemorySegment bits, long start, long end) {
    MemorySegment weights = from.weights;
    MemorySegment gradient = from.gradient;
    MemorySegment packedWeights = to.weights;
    MemorySegment packedGradient = to.gradient;
    if (!(weights.isNative()
        && gradient.isNative()
        && packedWeights.isNative()
        && packedGradient.isNative()
        && bits.isNative())) {
      throw VectorMode.notNative();
    }
    long i = start;
    int k = 0;
    for (; i < end && i % LENGTH != 0; i++) {
      k = gatherOne(from, to, bits, i, k);
    }
    long vectorsEnd = i + Math.max(0, end - i) / LENGTH * LENGTH;
    for (; i < vectorsEnd; i += LENGTH) {
      long selected = selected(bits, i) & LANES;
      VectorMask<Float> lanes = VectorMask.fromLong(S, selected);
      long packedAt = (long) k * Float.BYTES;
      FloatVector.fromMemorySegment(S, weights, i * Float.BYTES, ORDER)
          .compress(lanes)
          .intoMemorySegment(packedWeights, packedAt, ORDER);
      FloatVector.fromMemorySegment(S, gradient, i * Float.BYTES, ORDER)
          .compress(lanes)
          .intoMemorySegment(packedGradient, packedAt, ORDER);
      k += Long.bitCount(selected);
    }
    for (; i < end; i++) {
      k = gatherOne(from, to, bits, i, k);
    }
    return k;
  }

  private static int gatherOne(Operands from, Operands to, MemorySegment bits, long i, int k) {
    if ((selected(bits, i) & 1) == 0) {
      return k;
    }
    long at = (long) k * Float.BYTES;
    float weight = from.weights.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
    float slope = from.gradient.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
    to.weights.set(JAVA_FLOAT_UNALIGNED, at, weight);
    to.gradient.set(JAVA_FLOAT_UNALIGNED, at, slope);
    return k + 1;
  }

  /** See {@link Selected#scatter}. */
  static void scatter(
      MemorySegment bits, long from, long to, MemorySegment packed, MemorySegment all) {
    if (!(bits.isNative() && packed.isNative() && all.isNative())) {
      throw VectorMode.notNative();
    }
    long i = from;
    int k = 0;
    for (; i < to && i % LENGTH != 0; i++) {
      k = scatterOne(bits, i, packed, k, all);
    }
    long vectorsEnd = i + Math.max(0, to - i) / LENGTH * LENGTH;
    for (; i < vectorsEnd; i += LENGTH) {
      long selected = selected(bits, i) & LANES;
      VectorMask<Float> lanes = VectorMask.fromLong(S, selected);
      FloatVector moved =
          FloatVector.fromMemorySegment(S, packed, (long) k * Float.BYTES, ORDER).expand(lanes);
      FloatVector.fromMemorySegment(S, all, i * Float.BYTES, ORDER)
          .blend(moved, lanes)
          .intoMemorySegment(all, i * Float.BYTES, ORDER);
      k += Long.bitCount(selected);
    }
    for (; i < to; i++) {
      k = scatterOne(bits, i, packed, k, all);
    }
  }

  private static int scatterOne(
      MemorySegment bits, long i, MemorySegment packed, int k, MemorySegment all) {
    if ((selected(bits, i) & 1) == 0) {
      return k;
    }
    float value = packed.get(JAVA_FLOAT_UNALIGNED, (long) k * Float.BYTES);
    all.set(JAVA_FLOAT_UNALIGNED, i * Float.BYTES, value);
    return k + 1;
  }

  /** From bit 0 on whether element {@code i} and those behind it in its word are selected. */
  private static long selected(MemorySegment bits, long i) {
    return ~bits.get(WORD, i / Long.SIZE * Long.BYTES) >>> i;
  }
}
