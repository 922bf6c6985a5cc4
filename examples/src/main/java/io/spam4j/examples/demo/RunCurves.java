package io.spam4j.examples.demo;

import io.spam4j.examples.output.Curve;
import io.spam4j.examples.training.StepSample;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.doubles.DoubleList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The steps of a run as curves, thinned and smoothed. */
final class RunCurves {
  /** More points than pixels only make the page heavy. */
  private static final int MOST_POINTS = 1000;

  private RunCurves() {}

  /** How many steps one point stands for, so that a curve keeps at most {@link #MOST_POINTS}. */
  static int stride(int steps) {
    return Math.max(1, (steps + MOST_POINTS - 1) / MOST_POINTS);
  }

  /** How many steps a smoothed point is the mean of: about a fiftieth of the run. */
  static int window(int steps) {
    return Math.max(1, steps / 50);
  }

  /** The mean of the last {@code window} losses; a loss that is not finite breaks the line. */
  static Curve smoothed(List<StepSample> samples, int window, int stride) {
    IntList steps = new IntArrayList();
    DoubleList values = new DoubleArrayList();
    for (int at = 0; at < samples.size(); at++) {
      if (at % stride == stride - 1 || at == samples.size() - 1) {
        double mean =
            samples.subList(Math.max(0, at - window + 1), at + 1).stream()
                .mapToDouble(StepSample::loss)
                .average()
                .orElse(Double.NaN);
        steps.add(samples.get(at).step());
        values.add(mean);
      }
    }
    return Curve.at(steps, values);
  }

  /** The largest value of every {@code stride} steps, so that no spike falls between points. */
  static Curve largest(List<StepSample> samples, ToDoubleFunction<StepSample> value, int stride) {
    IntList steps = new IntArrayList();
    DoubleList values = new DoubleArrayList();
    for (int from = 0; from < samples.size(); from += stride) {
      int step = samples.get(from).step();
      double largest = Double.NaN;
      for (StepSample sample : samples.subList(from, Math.min(samples.size(), from + stride))) {
        double here = value.applyAsDouble(sample);
        if (Double.isFinite(here) && !(here <= largest)) {
          step = sample.step();
          largest = here;
        }
      }
      steps.add(step);
      values.add(largest);
    }
    return Curve.at(steps, values);
  }
}
