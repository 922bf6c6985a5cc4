package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The comparison of magnitudes, an element at a time: the specification of the vector form. */
final class MagnitudeScalar {
  private MagnitudeScalar() {}

  static long atLeast(MemorySegment values, long from, int count, int key) {
    long bits = 0;
    for (int i = 0; i < count; i++) {
      bits |= (long) ((key - 1 - key(values, from + i)) >>> 31) << i;
    }
    return bits;
  }

  static int key(MemorySegment values, long index) {
    int bits = values.get(JAVA_INT_UNALIGNED, index * Float.BYTES);
    return Math.min(bits & Integer.MAX_VALUE, Magnitude.NAN);
  }
}
