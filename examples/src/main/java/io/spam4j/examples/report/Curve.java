package io.spam4j.examples.report;

import io.spam4j.examples.lab.StepSample;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Points of a chart: {@code y[i]} at step {@code x[i]}; {@code null} where there is no finite
 * number, so that the line breaks there.
 */
public record Curve(List<Integer> x, List<@Nullable Double> y) {
  /** More points than pixels only make the page heavy. */
  private static final int MOST_POINTS = 1000;

  /** A value for each step, from step 0. */
  public static Curve of(List<Double> values) {
    List<Integer> x = new ArrayList<>();
    List<@Nullable Double> y = new ArrayList<>();
    for (double value : values) {
      x.add(x.size());
      y.add(finite(value));
    }
    return new Curve(x, y);
  }

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
    List<Integer> x = new ArrayList<>();
    List<@Nullable Double> y = new ArrayList<>();
    for (int at = 0; at < samples.size(); at++) {
      if (at % stride == stride - 1 || at == samples.size() - 1) {
        double mean =
            samples.subList(Math.max(0, at - window + 1), at + 1).stream()
                .mapToDouble(StepSample::loss)
                .average()
                .orElse(Double.NaN);
        x.add(samples.get(at).step());
        y.add(finite(mean));
      }
    }
    return new Curve(x, y);
  }

  /** The largest value of every {@code stride} steps, so that no spike falls between points. */
  static Curve largest(List<StepSample> samples, ToDoubleFunction<StepSample> value, int stride) {
    List<Integer> x = new ArrayList<>();
    List<@Nullable Double> y = new ArrayList<>();
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
      x.add(step);
      y.add(finite(largest));
    }
    return new Curve(x, y);
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}
