package io.spam4j.engine.internal.measure;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Sums in an order that vectors of any width can follow: term p of a sum goes to lane p mod 16, and
 * the lanes are added in pairs, ((a0 + a1) + (a2 + a3)) + ....
 */
public final class LaneSums {
  /** Lanes of a sum. */
  public static final int LANES = 16;

  /** Bytes of a sum. */
  public static final long BYTES = (long) LANES * Double.BYTES;

  private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

  private static final Readiness READINESS =
      new Readiness("sums in lanes", LaneSums::exercise, 10_000);

  /** Terms of a call while the vector loop is not compiled: many short ones are noticed sooner. */
  private static final int COLD_PART = 32;

  private LaneSums() {}

  private static Runnable exercise() {
    MemorySegment values =
        Arena.ofAuto().allocate((long) Readiness.ELEMENTS * Float.BYTES, Float.BYTES);
    MemorySegment lanes = Arena.ofAuto().allocate(BYTES, Double.BYTES);
    return () -> {
      int _ = LaneSquaresVector.sum(values, 0, Readiness.ELEMENTS, lanes);
    };
  }

  /**
   * Makes lanes the sums of the squares of the floats {@code [from, end)}, whole rounds of all
   * lanes, by vectors.
   *
   * @return the bits of the largest magnitude: those of infinity or more if the lanes are worth
   *     nothing, as where vectors are not to be used
   */
  public static int squares(MemorySegment values, long from, long end, MemorySegment lanes) {
    return VectorMode.VECTORS && values.isNative() && READINESS.get()
        ? LaneSquaresVector.sum(values, from, end, lanes)
        : INFINITY;
  }

  /** Makes all lanes of the sum at byte {@code at} 0. */
  public static void clear(MemorySegment lanes, long at) {
    for (int lane = 0; lane < LANES; lane++) {
      lanes.set(JAVA_DOUBLE_UNALIGNED, at + (long) lane * Double.BYTES, 0);
    }
  }

  /** Adds to the lane of term {@code p}. */
  public static void add(MemorySegment lanes, long at, long p, double term) {
    long place = at + p % LANES * Double.BYTES;
    lanes.set(JAVA_DOUBLE_UNALIGNED, place, lanes.get(JAVA_DOUBLE_UNALIGNED, place) + term);
  }

  /**
   * The sum of the squares of the floats {@code [from, to)}, each exact.
   *
   * @param onlyFinite whether those that are not finite are left out
   * @param lanes room for a sum, outside the heap
   */
  public static double ofSquares(
      MemorySegment values, long from, long to, boolean onlyFinite, MemorySegment lanes) {
    long end = to - (to - from) % LANES;
    boolean areFinite = squares(values, from, end, lanes) < INFINITY;
    if (!areFinite) {
      clear(lanes, 0);
    }
    for (long i = areFinite ? end : from; i < to; i += COLD_PART) {
      addSquares(values, from, i, Math.min(to, i + COLD_PART), onlyFinite, lanes);
    }
    return total(lanes, 0);
  }

  private static void addSquares(
      MemorySegment values,
      long first,
      long from,
      long to,
      boolean onlyFinite,
      MemorySegment lanes) {
    for (long i = from; i < to; i++) {
      double value = values.get(JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
      add(lanes, 0, i - first, !onlyFinite || Double.isFinite(value) ? value * value : 0);
    }
  }

  /** Adds up; the lanes stay as they are. */
  public static double total(MemorySegment lanes, long at) {
    double sum0 = four(lanes, at) + four(lanes, at + 4 * Double.BYTES);
    double sum1 = four(lanes, at + 8 * Double.BYTES) + four(lanes, at + 12 * Double.BYTES);
    return sum0 + sum1;
  }

  private static double four(MemorySegment lanes, long at) {
    double sum0 =
        lanes.get(JAVA_DOUBLE_UNALIGNED, at) + lanes.get(JAVA_DOUBLE_UNALIGNED, at + Double.BYTES);
    double sum1 =
        lanes.get(JAVA_DOUBLE_UNALIGNED, at + 2 * Double.BYTES)
            + lanes.get(JAVA_DOUBLE_UNALIGNED, at + 3 * Double.BYTES);
    return sum0 + sum1;
  }
}
