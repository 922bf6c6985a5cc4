package io.spam4j.engine.internal.pack;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
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
  static int gather(
      MemorySegment bits, long from, long to, MemorySegment all, MemorySegment packed) {
    requireNative(bits, all, packed);
    long i = from;
    int k = 0;
    for (; i < to && i % LENGTH != 0; i++) {
      k = gatherOne(bits, i, all, packed, k);
    }
    long vectorsEnd = i + Math.max(0, to - i) / LENGTH * LENGTH;
    for (; i < vectorsEnd; i += LENGTH) {
      long selected = selected(bits, i) & LANES;
      FloatVector.fromMemorySegment(S, all, i * Float.BYTES, ORDER)
          .compress(VectorMask.fromLong(S, selected))
          .intoMemorySegment(packed, (long) k * Float.BYTES, ORDER);
      k += Long.bitCount(selected);
    }
    for (; i < to; i++) {
      k = gatherOne(bits, i, all, packed, k);
    }
    return k;
  }

  private static int gatherOne(
      MemorySegment bits, long i, MemorySegment all, MemorySegment packed, int k) {
    if ((selected(bits, i) & 1) == 0) {
      return k;
    }
    float value = all.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
    packed.set(JAVA_FLOAT_UNALIGNED, (long) k * Float.BYTES, value);
    return k + 1;
  }

  /** See {@link Selected#scatter}. */
  static void scatter(
      MemorySegment bits, long from, long to, MemorySegment packed, MemorySegment all) {
    requireNative(bits, packed, all);
    long i = from;
    int k = 0;
    for (; i < to && i % LENGTH != 0; i++) {
      k = scatterOne(bits, i, packed, k, all, /* adds= */ false);
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
      k = scatterOne(bits, i, packed, k, all, /* adds= */ false);
    }
  }

  /** See {@link Selected#add}. */
  static void add(MemorySegment bits, long from, long to, MemorySegment packed, MemorySegment all) {
    requireNative(bits, packed, all);
    long i = from;
    int k = 0;
    for (; i < to && i % LENGTH != 0; i++) {
      k = scatterOne(bits, i, packed, k, all, /* adds= */ true);
    }
    long vectorsEnd = i + Math.max(0, to - i) / LENGTH * LENGTH;
    for (; i < vectorsEnd; i += LENGTH) {
      long selected = selected(bits, i) & LANES;
      VectorMask<Float> lanes = VectorMask.fromLong(S, selected);
      FloatVector change =
          FloatVector.fromMemorySegment(S, packed, (long) k * Float.BYTES, ORDER).expand(lanes);
      FloatVector.fromMemorySegment(S, all, i * Float.BYTES, ORDER)
          .add(change, lanes)
          .intoMemorySegment(all, i * Float.BYTES, ORDER);
      k += Long.bitCount(selected);
    }
    for (; i < to; i++) {
      k = scatterOne(bits, i, packed, k, all, /* adds= */ true);
    }
  }

  private static int scatterOne(
      MemorySegment bits, long i, MemorySegment packed, int k, MemorySegment all, boolean adds) {
    if ((selected(bits, i) & 1) == 0) {
      return k;
    }
    long at = i * Float.BYTES;
    float value = packed.get(JAVA_FLOAT_UNALIGNED, (long) k * Float.BYTES);
    all.set(JAVA_FLOAT_UNALIGNED, at, adds ? all.get(JAVA_FLOAT_UNALIGNED, at) + value : value);
    return k + 1;
  }

  /** From bit 0 on whether element {@code i} and those behind it in its word are selected. */
  private static long selected(MemorySegment bits, long i) {
    return ~bits.get(WORD, i / Long.SIZE * Long.BYTES) >>> i;
  }

  private static void requireNative(MemorySegment bits, MemorySegment one, MemorySegment other) {
    if (!(bits.isNative() && one.isNative() && other.isNative())) {
      throw VectorMode.notNative();
    }
  }
}
