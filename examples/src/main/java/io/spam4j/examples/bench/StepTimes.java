package io.spam4j.examples.bench;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import java.util.Arrays;

/** Times of the same step, in nanoseconds. */
final class StepTimes {
  private final DoubleArrayList nanos = new DoubleArrayList();

  void add(double value) {
    nanos.add(value);
  }

  int count() {
    return nanos.size();
  }

  double median() {
    return quantile(sorted(0, count()), 0.5);
  }

  /** Half the distance of the quartiles, in percent of the median. */
  double spread() {
    double[] sorted = sorted(0, count());
    return 50 * (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / quantile(sorted, 0.5);
  }

  /** Whether the median of the latest five is at most 5 % below that of the five before. */
  boolean isSteady() {
    int count = count();
    if (count < 10) {
      return false;
    }
    double latest = quantile(sorted(count - 5, count), 0.5);
    return latest >= 0.95 * quantile(sorted(count - 10, count - 5), 0.5);
  }

  private double[] sorted(int from, int to) {
    double[] sorted = nanos.subList(from, to).toDoubleArray();
    Arrays.sort(sorted);
    return sorted;
  }

  /** Linear between the two nearest. */
  private static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
