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

  /** Weights of lines that are touched before they are updated: they fit the first-level cache. */
  private static final int STRETCH = 1024;

  private static final int CACHE_LINE = 64;

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

  /**
   * The same for moments of selected lines, by a loop for lines as long. The moments {@code [from,
   * to)} begin with a line, and end with one, of which the last may be shorter. The weights of all
   * of their lines are known to the operands; these have no shifts.
   */
  public static void applyLines(
      UpdateLoop loop,
      Operands o,
      int line,
      long from,
      long to,
      UpdateCoefficients c,
      UpdateTally tally) {
    int length = loop.length();
    long end = to - (to - from) % length;
    int stretch = Math.max(STRETCH, line);
    int vectors = UnusualStretch.FEWEST;
    for (long start = from; start < end; start += stretch) {
      long next = Math.min(end, start + stretch);
      touch(o, line, start, next);
      for (long i = loop.run(o, start, next, c, tally); i < next; ) {
        long some = Math.min(next, i + (long) vectors * length);
        for (long lineEnd; i < some; i = lineEnd) {
          lineEnd = Math.min(some, (i / line + 1) * line);
          updateLine(o, line, i, lineEnd, c, tally);
        }
        i = loop.run(o, some, next, c, tally);
        vectors = UnusualStretch.after(vectors, i - some, length);
      }
    }
    if (end < to) {
      updateLine(o, line, end, to, c, tally);
    }
  }

  /**
   * Reads something of each line of the cache that is needed next, which waits for many at once: a
   * loop that computes runs less far ahead than memory is away.
   */
  private static void touch(Operands o, int line, long from, long to) {
    int bytes = line * Float.BYTES;
    int some = 0;
    for (long i = from; i < to; i += line) {
      long at = o.lines[(int) (i / line - o.firstLine)] * bytes;
      long end = Math.min(at + bytes, o.weights.byteSize() - Float.BYTES);
      for (; at < end; at += CACHE_LINE) {
        some ^= o.weights.get(JAVA_INT_UNALIGNED, at) ^ o.gradient.get(JAVA_INT_UNALIGNED, at);
      }
    }
    o.touched = some;
  }

  /** Updates a part of one line, of which something is unusual or no whole vector. */
  private static void updateLine(
      Operands o, int line, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    long first = from / line;
    long shift = (o.lines[(int) (first - o.firstLine)] - first) * line;
    o.weightShift = shift;
    o.gradientShift = shift;
    UpdateLoop spiky = UpdateLoops.ofSpikes(o, c);
    long end = spiky == null ? from : to - (to - from) % spiky.length();
    for (long i = from; i < end; ) {
      i = updateUnusual(o, i, end, c, tally);
    }
    UpdateScalar.apply(o, end, to, c, tally);
    o.weightShift = 0;
    o.gradientShift = 0;
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
