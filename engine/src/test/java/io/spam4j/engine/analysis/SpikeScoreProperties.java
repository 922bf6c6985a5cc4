package io.spam4j.engine.analysis;

import static io.spam4j.engine.analysis.GradientSpikeScoreTest.gradients;
import static io.spam4j.engine.analysis.GradientSpikeScoreTest.parameter;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class SpikeScoreProperties {
  private static final int COORDINATES = 7;
  private static final double THRESHOLD = 4;

  /** Gradients with spikes, zeros and, if asked for, values that are not finite. */
  private static List<float[]> run(long seed, int steps, boolean finite) {
    Random random = new Random(seed);
    List<float[]> run = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      float[] values = new float[COORDINATES];
      for (int i = 0; i < COORDINATES; i++) {
        values[i] =
            switch (random.nextInt(12)) {
              case 0 -> 0;
              case 1 -> 100 * (float) random.nextGaussian();
              case 2 -> finite ? 1 : random.nextBoolean() ? Float.NaN : Float.POSITIVE_INFINITY;
              default -> (float) random.nextGaussian();
            };
      }
      run.add(values);
    }
    return run;
  }

  private static SpikeCensus exact(List<float[]> run) {
    try (var score = GradientSpikeScore.of(List.of(parameter("w", COORDINATES)), THRESHOLD)) {
      run.forEach(step -> score.record(gradients(step)));
      run.forEach(step -> score.score(gradients(step)));
      return score.census();
    }
  }

  @Property(tries = 100, seed = "1")
  void exact_isTheDefinition(@ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int steps) {
    List<float[]> run = run(seed, steps, false);
    long spikes = 0;
    for (int i = 0; i < COORDINATES; i++) {
      double sum = 0;
      int finite = 0;
      for (float[] step : run) {
        if (Float.isFinite(step[i])) {
          sum += Math.abs(step[i]);
          finite++;
        }
      }
      for (float[] step : run) {
        if (Float.isFinite(step[i]) && Math.abs(step[i]) / (sum / finite) > THRESHOLD) {
          spikes++;
        }
      }
    }

    assertThat(exact(run).spikes()).isEqualTo(spikes);
  }

  @Property(tries = 100, seed = "2")
  void exact_doesNotChangeWithTheScale(
      @ForAll long seed, @ForAll @IntRange(min = -60, max = 60) int exponent) {
    List<float[]> run = run(seed, 50, false);
    List<float[]> scaled = new ArrayList<>();
    for (float[] step : run) {
      float[] values = new float[COORDINATES];
      for (int i = 0; i < COORDINATES; i++) {
        values[i] = Math.scalb(step[i], exponent);
      }
      scaled.add(values);
    }

    assertThat(exact(scaled)).isEqualTo(exact(run));
  }

  @Property(tries = 100, seed = "3")
  void exact_isAtMostTheNumberOfSteps(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int steps) {
    assertThat(exact(run(seed, steps, false)).tensors().getFirst().largestScore())
        .isLessThanOrEqualTo(steps * (1 + 1e-12));
  }

  @Property(tries = 50, seed = "4")
  void monitor_scoresAStep_asTheDefinitionWithTheMeanOfTheStepsBefore(@ForAll long seed) {
    List<float[]> run = run(seed, 40, true);
    try (var monitor = SpikeMonitor.of(List.of(parameter("w", COORDINATES)), THRESHOLD, 1);
        var before = GradientSpikeScore.of(List.of(parameter("w", COORDINATES)), THRESHOLD)) {
      for (float[] step : run) {
        long expected = 0;
        for (int i = 0; i < COORDINATES; i++) {
          double mean = before.meanMagnitude("w", i);
          if (mean > 0 && Math.abs(step[i]) / mean > THRESHOLD) {
            expected++;
          }
        }
        assertThat(monitor.observe(gradients(step))).isEqualTo(expected);
        before.record(gradients(step));
      }
    }
  }
}
