package io.spam4j.tensors.simd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** Adds the slots of {@link Measure} in the order they are given; reusable, allocates nothing. */
public final class MeasureSum {
  private double sum;
  private double compensation;
  private double maxAbs;
  private long nonFinite;

  /** Starts anew. */
  public void clear() {
    sum = 0;
    compensation = 0;
    maxAbs = 0;
    nonFinite = 0;
  }

  /** Adds {@code count} slots from index {@code slot} on (Neumaier's compensated sum). */
  public void add(MemorySegment slots, long slot, long count) {
    for (long i = slot; i < slot + count; i++) {
      long at = i * Measure.SLOT_BYTES;
      double term = slots.get(JAVA_DOUBLE_UNALIGNED, at);
      double next = sum + term;
      compensation += sum >= term ? (sum - next) + term : (term - next) + sum;
      sum = next;
      maxAbs = Math.max(maxAbs, slots.get(JAVA_DOUBLE_UNALIGNED, at + Measure.MAX_ABS_AT));
      nonFinite += slots.get(JAVA_LONG_UNALIGNED, at + Measure.NON_FINITE_AT);
    }
  }

  /** The sum of squares of the finite elements. */
  public double sumOfSquares() {
    return sum + compensation;
  }

  /** The largest magnitude of a finite element; 0 if there was none. */
  public double maxAbs() {
    return maxAbs;
  }

  /** How many elements were NaN or Inf. */
  public long nonFinite() {
    return nonFinite;
  }
}
