package io.spam4j.engine.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.spam4j.tensors.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/**
 * What the fused update is measured against: the same four streams read and three written, in the
 * same order, and nothing computed. It leaves all values as they are.
 */
public final class Yardstick {
  private Yardstick() {}

  /**
   * Passes the elements {@code [from, to)} of four streams through the processor.
   *
   * @param zero 0; a variable, because the compiler must not know that nothing changes
   */
  public static void apply(
      MemorySegment w,
      MemorySegment g,
      MemorySegment m,
      MemorySegment v,
      long from,
      long to,
      int zero) {
    if (VectorMode.VECTORS) {
      YardstickVector.apply(w, g, m, v, from, to, zero);
    } else {
      scalar(w, g, m, v, from, to, zero);
    }
  }

  static void scalar(
      MemorySegment w,
      MemorySegment g,
      MemorySegment m,
      MemorySegment v,
      long from,
      long to,
      int zero) {
    for (long i = from; i < to; i++) {
      long at = i * Integer.BYTES;
      int nothing = g.get(JAVA_INT_UNALIGNED, at) & zero;
      w.set(JAVA_INT_UNALIGNED, at, w.get(JAVA_INT_UNALIGNED, at) ^ nothing);
      m.set(JAVA_INT_UNALIGNED, at, m.get(JAVA_INT_UNALIGNED, at) ^ nothing);
      v.set(JAVA_INT_UNALIGNED, at, v.get(JAVA_INT_UNALIGNED, at) ^ nothing);
    }
  }
}
