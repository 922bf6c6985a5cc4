package io.spam4j.examples.simulate;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A quantity over time, over all seeds: element t is after step t, element 0 before the first.
 *
 * @param mean over the seeds
 * @param deviation the standard deviation from seed to seed
 */
record Series(List<Double> mean, List<Double> deviation) {
  /** A quantity that is 0 before the first step. */
  Series() {
    this(new ArrayList<>(List.of(0.0)), new ArrayList<>(List.of(0.0)));
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
  List<Double> shifted(double deviations) {
    return IntStream.range(0, mean.size())
        .mapToObj(t -> mean.get(t) + deviations * deviation.get(t))
        .toList();
  }
}
