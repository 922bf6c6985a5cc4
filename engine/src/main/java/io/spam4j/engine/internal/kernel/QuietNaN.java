package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.IS_NAN;

import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * One NaN for all. Which sign and payload arithmetic gives a NaN depends on the processor, and of
 * two NaNs on the order in which a compiler adds them, which vectors change. So where NaN takes
 * part in the arithmetic, what an update has written is gone over once more, while it is in cache.
 */
public final class QuietNaN {
  private static final short HALF = 0x7fc0;
  private static final int INFINITE_HALF = 0x7f80;
  private static final int HALF_MAGNITUDE = 0x7fff;

  private static final Readiness READINESS = new Readiness("quiet NaN", QuietNaN::exercise, 5_000);

  private QuietNaN() {}

  private static Runnable exercise() {
    MemorySegment floats = WarmLoop.floats(1);
    floats.setAtIndex(JAVA_FLOAT, 0, Float.NaN);
    return () -> Vectors.in(floats, 0, Readiness.ELEMENTS);
  }

  /** What a double becomes as a float. */
  public static float of(double value) {
    return Double.isNaN(value) ? Float.NaN : (float) value;
  }

  /** Makes every NaN among the floats {@code [from, to)} the one that Java calls NaN. */
  public static void in(MemorySegment floats, long from, long to) {
    if (VectorMode.VECTORS && floats.isNative() && READINESS.get()) {
      Vectors.in(floats, from, to);
      return;
    }
    for (long start = from; start < to; start += FusedUpdate.COLD_PART) {
      inScalar(floats, start, Math.min(to, start + FusedUpdate.COLD_PART));
    }
  }

  private static void inScalar(MemorySegment floats, long from, long to) {
    for (long at = from * Float.BYTES; at < to * Float.BYTES; at += Float.BYTES) {
      if (Float.isNaN(floats.get(JAVA_FLOAT_UNALIGNED, at))) {
        floats.set(JAVA_FLOAT_UNALIGNED, at, Float.NaN);
      }
    }
  }

  /** Where there is none, which is nearly everywhere: a load and a test a vector. */
  private static final class Vectors {
    private static final VectorSpecies<Float> S = VectorWidth.floats();

    private Vectors() {}

    static void in(MemorySegment floats, long from, long to) {
      if (!floats.isNative()) {
        throw VectorMode.notNative();
      }
      long end = to - (to - from) % S.length();
      for (long i = from; i < end; i += S.length()) {
        FloatVector values =
            FloatVector.fromMemorySegment(S, floats, i * Float.BYTES, ByteOrder.nativeOrder());
        if (values.test(IS_NAN).anyTrue()) {
          inScalar(floats, i, i + S.length());
        }
      }
      inScalar(floats, end, to);
    }
  }

  /** The same among bfloat16. */
  public static void inHalves(MemorySegment halves, long from, long to) {
    for (long at = from * Short.BYTES; at < to * Short.BYTES; at += Short.BYTES) {
      if ((halves.get(JAVA_SHORT_UNALIGNED, at) & HALF_MAGNITUDE) > INFINITE_HALF) {
        halves.set(JAVA_SHORT_UNALIGNED, at, HALF);
      }
    }
  }

  /** The same among floats of which the lower 16 bits lie elsewhere, as signed numbers. */
  public static void inSplit(MemorySegment upper, MemorySegment lower, long from, long to) {
    for (long at = from * Short.BYTES; at < to * Short.BYTES; at += Short.BYTES) {
      int bits =
          (upper.get(JAVA_SHORT_UNALIGNED, at) << Short.SIZE) + lower.get(JAVA_SHORT_UNALIGNED, at);
      if (Float.isNaN(Float.intBitsToFloat(bits))) {
        upper.set(JAVA_SHORT_UNALIGNED, at, HALF);
        lower.set(JAVA_SHORT_UNALIGNED, at, (short) 0);
      }
    }
  }
}
