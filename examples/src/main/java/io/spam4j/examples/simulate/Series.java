package io.spam4j.examples.simulate;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.doubles.DoubleList;

/**
 * A quantity over time, over all seeds: element t is after step t, element 0 before the first.
 *
 * @param mean over the seeds
 * @param deviation the standard deviation from seed to seed
 */
record Series(DoubleList mean, DoubleList deviation) {
  /** A quantity that is 0 before the first step. */
  Series() {
    this(DoubleArrayList.of(0), DoubleArrayList.of(0));
  }

  /** Notes the values that the seeds have after the next step. */
  void add(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    double average = sum / values.length;
    double squares = 0;
    for (double value : values) {
      squares += (value - average) * (value - average);
    }
    mean.add(average);
    deviation.add(Math.sqrt(squares / (values.length - 1)));
  }

  /** The mean and so many standard deviations. */
  DoubleList shifted(double deviations) {
    var shifted = new DoubleArrayList(mean.size());
    for (int t = 0; t < mean.size(); t++) {
      shifted.add(mean.getDouble(t) + deviations * deviation.getDouble(t));
    }
    return shifted;
  }
}
