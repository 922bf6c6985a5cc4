package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * One NaN for all. Which sign and payload arithmetic gives a NaN depends on the processor, and of
 * two NaNs on the order in which a compiler adds them, which vectors change. So where NaN takes
 * part in the arithmetic, what an update has written is gone over once more, while it is in cache.
 */
public final class QuietNaN {
  private QuietNaN() {}

  /** What a double becomes as a float. */
  public static float of(double value) {
    return Double.isNaN(value) ? Float.NaN : (float) value;
  }

  /** Makes every NaN among the floats {@code [from, to)} the one that Java calls NaN. */
  public static void in(MemorySegment floats, long from, long to) {
    for (long at = from * Float.BYTES; at < to * Float.BYTES; at += Float.BYTES) {
      if (Float.isNaN(floats.get(JAVA_FLOAT_UNALIGNED, at))) {
        floats.set(JAVA_FLOAT_UNALIGNED, at, Float.NaN);
      }
    }
  }
}
