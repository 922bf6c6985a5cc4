package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/** The fused update, by the path that {@link VectorMode} chose. */
public final class FusedUpdate {
  /** The float streams that pass through memory: w, g, m, v are read, w, m, v are written. */
  public static final int STREAMS = 7;

  /**
   * Elements of a call of scalar code while vector loops are not compiled. Many short calls are
   * noticed by the compiler sooner than a long loop: after some thousand elements in place of a
   * hundred thousand, each of which takes 5 us until then.
   */
  public static final int COLD_PART = 32;

  private FusedUpdate() {}

  /**
   * Updates the float32 elements {@code [from, to)}; the moments are already zeroed if there is a
   * reset. The caller has checked that all four segments are alive, accessible to this thread and
   * hold those elements.
   */
  public static void apply(
      Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    UpdateLoop loop = VectorMode.VECTORS && o.isNative() ? UpdateLoops.ofFloats(o, c) : null;
    if (loop != null) {
      apply(loop, o, from, to, c, tally);
      return;
    }
    for (long start = from; start < to; start += COLD_PART) {
      UpdateScalar.apply(o, start, Math.min(to, start + COLD_PART), c, tally);
    }
    RareCases.show();
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
    if (spiky == null) {
      UpdateScalar.apply(o, from, to, c, tally);
      return to;
    }
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

  /**
   * What the compiler is shown of the scalar form: it leaves out branches that it has never seen
   * taken, and compiles anew, for a fifth of a second, at the first element that takes one. The
   * first step of all, from zero moments, has none.
   */
  private static final class RareCases {
    private static final Operands ELEMENTS = WarmLoop.scratch();
    private static final UpdateCoefficients COEFFICIENTS = WarmLoop.coefficients(Settings.BARE);

    static {
      COEFFICIENTS.spikeThreshold = 1;
      ELEMENTS.gradient.setAtIndex(JAVA_FLOAT, 0, Float.NaN);
      ELEMENTS.gradient.setAtIndex(JAVA_FLOAT, 1, Float.MAX_VALUE); // limited, and a spike
    }

    static void show() {
      UpdateScalar.apply(ELEMENTS, 0, 3, COEFFICIENTS, new UpdateTally());
    }
  }
}
