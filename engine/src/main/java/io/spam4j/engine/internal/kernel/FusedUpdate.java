package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/** The fused update, by the path that {@link VectorMode} chose. */
public final class FusedUpdate {
  /** The float streams that pass through memory: w, g, m, v are read, w, m, v are written. */
  public static final int STREAMS = 7;

  private FusedUpdate() {}

  /**
   * Updates the float32 elements {@code [from, to)}; the moments are already zeroed if there is a
   * reset. The caller has checked that all four segments are alive, accessible to this thread and
   * hold those elements.
   */
  public static void apply(
      Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    if (VectorMode.VECTORS && o.isNative()) {
      apply(UpdateLoops.ofFloats(o, c), o, from, to, c, tally);
    } else {
      UpdateScalar.apply(o, from, to, c, tally);
    }
  }

  /** The same by a loop for float32, for operands that lie outside the heap. */
  public static void apply(
      UpdateLoop loop, Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    int length = loop.length();
    long end = to - (to - from) % length;
    long i = loop.run(o, from, end, c, tally);
    for (int vectors = UnusualStretch.FEWEST; i < end; ) {
      long done = updateUnusual(o, i, Math.min(end, i + (long) vectors * length), c, tally);
      i = loop.run(o, done, end, c, tally);
      vectors = UnusualStretch.after(vectors, i - done, length);
    }
    UpdateScalar.apply(o, end, to, c, tally); // the tail is the specification itself
  }

  /** Updates vectors of which the first is unusual. */
  private static long updateUnusual(
      Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    UpdateLoop spiky = UpdateLoops.ofSpikes(o, c);
    long done = spiky.run(o, from, to, c, tally);
    if (done == to) {
      return to;
    }
    UpdateScalar.apply(o, done, done + spiky.length(), c, tally);
    return done + spiky.length();
  }

  /** Sets the bytes {@code [from, to)} to 0; unlike a filled slice it allocates nothing. */
  public static void zero(MemorySegment segment, long from, long to) {
    long words = to - (to - from) % Integer.BYTES;
    for (long i = from; i < words; i += Integer.BYTES) {
      segment.set(JAVA_INT_UNALIGNED, i, 0);
    }
    for (long i = words; i < to; i++) {
      segment.set(JAVA_BYTE, i, (byte) 0);
    }
  }
}
