package io.spam4j.engine.internal.measure;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;

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

  private LaneSums() {}

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
