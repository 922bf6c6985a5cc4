package io.spam4j.engine.roofline;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/**
 * What updates are measured against: streams read and written, and nothing computed. It leaves all
 * values as they are.
 */
public final class StreamLoops {
  private StreamLoops() {}

  /**
   * The streams of the fused update: passes the elements {@code [from, to)} of four through the
   * processor and writes three back, in the update's order.
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
      StreamLoopsVector.apply(w, g, m, v, from, to, zero);
    } else {
      scalar(w, g, m, v, from, to, zero);
    }
  }

  /**
   * Reads the elements {@code [from, to)} of one stream.
   *
   * @return the exclusive or of all their bits, so that the compiler cannot leave the reads out
   */
  public static int read(MemorySegment stream, long from, long to) {
    return VectorMode.VECTORS
        ? StreamLoopsVector.read(stream, from, to)
        : scalarRead(stream, from, to);
  }

  /**
   * Reads the elements {@code [from, to)} of one stream and writes them back.
   *
   * @param zero 0; a variable, because the compiler must not know that nothing changes
   */
  public static void rewrite(MemorySegment stream, long from, long to, int zero) {
    if (VectorMode.VECTORS) {
      StreamLoopsVector.rewrite(stream, from, to, zero);
    } else {
      scalarRewrite(stream, from, to, zero);
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

  static int scalarRead(MemorySegment stream, long from, long to) {
    int all = 0;
    for (long i = from; i < to; i++) {
      all ^= stream.get(JAVA_INT_UNALIGNED, i * Integer.BYTES);
    }
    return all;
  }

  static void scalarRewrite(MemorySegment stream, long from, long to, int zero) {
    for (long i = from; i < to; i++) {
      long at = i * Integer.BYTES;
      stream.set(JAVA_INT_UNALIGNED, at, stream.get(JAVA_INT_UNALIGNED, at) ^ zero);
    }
  }
}
