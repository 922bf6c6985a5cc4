package io.spam4j.tensors.internal.simd;

import java.lang.foreign.MemorySegment;

/**
 * Which of 64 float32 elements are at least so large in magnitude. A magnitude is compared by its
 * key, the 31 bits below the sign: keys order as magnitudes do, and both zeros have key 0. Every
 * NaN has the key {@link #NAN}, the one after infinity's.
 */
public final class Magnitude {
  /** The largest key: that of every NaN. */
  public static final int NAN = 0x7f80_0001;

  private static final Readiness READINESS =
      new Readiness("magnitude", () -> MagnitudeVector.exercise(), 5_000);

  private Magnitude() {}

  /**
   * Compares up to 64 elements.
   *
   * @param from the first element
   * @param count 0 to 64 elements
   * @param key 0 to {@link #NAN} + 1
   * @return bit i for element {@code from + i}: whether its key is {@code key} or larger
   */
  public static long atLeast(MemorySegment values, long from, int count, int key) {
    return VectorMode.isUsedOn(values) && count == Long.SIZE && READINESS.get()
        ? MagnitudeVector.atLeast(values, from, key)
        : MagnitudeScalar.atLeast(values, from, count, key);
  }

  /** The key of an element. */
  public static int key(MemorySegment values, long index) {
    return MagnitudeScalar.key(values, index);
  }
}
