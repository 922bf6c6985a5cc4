package io.spam4j.tensors.internal.simd;

import static jdk.incubator.vector.VectorOperators.GE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link MagnitudeScalar}, for 64 elements; the same bits at every vector width. */
final class MagnitudeVector {
  /* Memory bound: 4 bytes read an element, a load, two operations and a comparison for a vector. */
  private static final VectorSpecies<Float> F = VectorWidth.floats();
  private static final VectorSpecies<Integer> I = F.withLanes(int.class);

  private MagnitudeVector() {}

  /** Calls on memory of its own, for {@link Readiness}. */
  static Runnable exercise() {
    MemorySegment values = Arena.ofAuto().allocate((long) Long.SIZE * Float.BYTES, 64);
    return () -> {
      long _ = atLeast(values, 0, 1);
    };
  }

  static long atLeast(MemorySegment values, long from, int key) {
    if (!values.isNative()) {
      throw VectorMode.notNative();
    }
    long bits = 0;
    for (int i = 0; i < Long.SIZE; i += I.length()) {
      IntVector keys =
          FloatVector.fromMemorySegment(
                  F, values, (from + i) * Float.BYTES, ByteOrder.nativeOrder())
              .reinterpretAsInts()
              .and(Integer.MAX_VALUE)
              .min(Magnitude.NAN);
      bits |= keys.compare(GE, key).toLong() << i;
    }
    return bits;
  }
}
