package io.spam4j.engine.internal.measure;

/** A sum and the number of its terms. Mutable and reused, because a step allocates nothing. */
public final class PartialSum {
  /** The sum. */
  public double sum;

  /** How many terms it has. */
  public long count;

  /** Starts anew. */
  public void clear() {
    sum = 0;
    count = 0;
  }

  /** Adds another one. */
  public void add(double otherSum, long otherCount) {
    sum += otherSum;
    count += otherCount;
  }
}
