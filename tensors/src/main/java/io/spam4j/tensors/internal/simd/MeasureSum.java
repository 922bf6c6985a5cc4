package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Adds the slots of {@link Measure}, in two levels: each {@link #GROUP} slots in the order they are
 * given, then the groups in order, both with Neumaier's compensation. So the groups can be added
 * side by side elsewhere, to the same bits. Reusable, allocates nothing.
 */
public final class MeasureSum {
  /** Slots a group; the last one may have fewer. */
  public static final int GROUP = 64;

  /** A compensated sum (Neumaier 1974). */
  private static final class Compensated {
    private double sum;
    private double compensation;

    void clear() {
      sum = 0;
      compensation = 0;
    }

    void add(double term) {
      double next = sum + term;
      compensation += lost(term, next);
      sum = next;
    }

    private double lost(double term, double next) {
      return sum >= term ? (sum - next) + term : (term - next) + sum;
    }

    double total() {
      return sum + compensation;
    }

    /** What the total would be after one more term. */
    double totalWith(double term) {
      double next = sum + term;
      return next + (compensation + lost(term, next));
    }
  }

  private final Compensated group = new Compensated(); // the one that is not full yet
  private final Compensated groups = new Compensated();
  private int inGroup;
  private double maxAbs;
  private long nonFinite;
  private boolean hasNaN;

  /** Starts anew. */
  public void clear() {
    group.clear();
    groups.clear();
    inGroup = 0;
    maxAbs = 0;
    nonFinite = 0;
    hasNaN = false;
  }

  /** Adds {@code count} slots from index {@code slot} on. */
  public void add(MemorySegment slots, long slot, long count) {
    for (long i = slot; i < slot + count; i++) {
      long at = i * Measure.SLOT_BYTES;
      add(
          slots.get(JAVA_DOUBLE_UNALIGNED, at),
          slots.get(JAVA_DOUBLE_UNALIGNED, at + Measure.MAX_ABS_AT),
          slots.get(JAVA_LONG_UNALIGNED, at + Measure.NON_FINITE_AT));
    }
  }

  /** Adds what a slot would have: the results of a block, or of a tensor to those of others. */
  public void add(double sumOfSquares, double maxAbs, long nonFinite) {
    group.add(sumOfSquares);
    inGroup++;
    if (inGroup == GROUP) {
      groups.add(group.total());
      group.clear();
      inGroup = 0;
    }
    this.maxAbs = Math.max(this.maxAbs, maxAbs);
    this.nonFinite += nonFinite & ~Measure.HAS_NAN;
    hasNaN |= (nonFinite & Measure.HAS_NAN) != 0;
  }

  /** The sum of squares of the finite elements. */
  public double sumOfSquares() {
    return groups.totalWith(group.total()); // a group without slots adds 0
  }

  /** The largest magnitude of a finite element; 0 if there was none. */
  public double maxAbs() {
    return maxAbs;
  }

  /** How many elements were NaN or Inf. */
  public long nonFinite() {
    return nonFinite;
  }

  /** Whether some of them were NaN. */
  public boolean hasNaN() {
    return hasNaN;
  }
}
