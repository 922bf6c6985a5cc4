package io.spam4j.engine.analysis;

import static io.spam4j.engine.analysis.GradientSpikeScoreTest.gradients;
import static io.spam4j.engine.analysis.GradientSpikeScoreTest.parameter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.analysis.SpikeCensus.StepSpikes;
import io.spam4j.engine.analysis.SpikeCensus.TensorSpikes;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SpikeMonitorTest {
  @Test
  void score_isTheMagnitudeOverTheMeanOfTheStepsBefore() {
    try (var monitor = SpikeMonitor.of(List.of(parameter("w", 2)), 3, 1)) {
      assertThat(monitor.observe(gradients(1, 0))).isEqualTo(0); // nothing before
      assertThat(monitor.observe(gradients(-2, 0))).isEqualTo(0); // 2 / 1
      assertThat(monitor.observe(gradients(6, 5))).isEqualTo(1); // 6 / 1.5; 5 after zeros: none
      assertThat(monitor.observe(gradients(-9, 10))).isEqualTo(1); // 9 / 3; 10 / (5 / 3) = 6

      assertThat(monitor.census())
          .isEqualTo(
              new SpikeCensus(
                  3,
                  4,
                  List.of(
                      new TensorSpikes(
                          "w",
                          2,
                          2,
                          List.of(new StepSpikes(3, 1), new StepSpikes(4, 1)),
                          6,
                          4,
                          0))));
    }
  }

  @Test
  void grace_countsTheFiniteGradientsOfACoordinate() {
    try (var monitor = SpikeMonitor.of(List.of(parameter("w", 2)), 2, 2)) {
      monitor.observe(gradients(1, Float.NaN));
      monitor.observe(_ -> null);

      assertThat(monitor.observe(gradients(9, 1))).isEqualTo(0); // one gradient before, and none
      assertThat(monitor.observe(gradients(99, 9))).isEqualTo(1); // two before, and one
      assertThat(monitor.observe(gradients(0, 99))).isEqualTo(1);
      assertThat(monitor.census().steps()).isEqualTo(5);
      assertThat(monitor.census().nonFinite()).isEqualTo(1);
    }
  }

  @Test
  void defaults_areThePapersThreshold_after20Steps() {
    try (var monitor = SpikeMonitor.of(List.of(parameter("w", 1)))) {
      for (int step = 0; step < 19; step++) {
        monitor.observe(gradients(1));
      }
      // The 20th step would be a spike, but has 19 before it.
      assertThat(monitor.observe(gradients(51))).isEqualTo(0);
      // mean (19 + 51) / 20 = 3.5
      assertThat(monitor.observe(gradients(175))).isEqualTo(0);
      // mean (70 + 175) / 21 = 11.67
      assertThat(monitor.observe(gradients(584))).isEqualTo(1);
    }
  }

  @Test
  void spikeOfASteadyCoordinate_hasTheScoreOfTheDefinition_byTheStatedFormula() {
    int steps = 200;
    double size = 80;
    List<Float> run = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      run.add(step == 150 ? (float) size : 1);
    }
    try (var monitor = SpikeMonitor.of(List.of(parameter("w", 1)), 50, 20);
        var exact = GradientSpikeScore.of(List.of(parameter("w", 1)), 50)) {
      run.forEach(value -> monitor.observe(gradients(value)));
      run.forEach(value -> exact.record(gradients(value)));
      run.forEach(value -> exact.score(gradients(value)));

      assertThat(monitor.census().tensors().getFirst().largestScore()).isEqualTo(size);
      assertThat(exact.census().tensors().getFirst().largestScore())
          .isCloseTo(size * steps / (steps - 1 + size), within(1e-12));
    }
  }

  @Test
  void misfit_isRefused_andCountsNothing() {
    try (var monitor = SpikeMonitor.of(List.of(parameter("w", 2)))) {
      assertThatThrownBy(() -> monitor.observe(gradients(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "gradient shape must equal weight shape: parameter=w, gradient=[1], weight=[2]");
      assertThat(monitor.census().steps()).isEqualTo(0);
      assertThat(monitor.memoryBytes()).isEqualTo(16);
    }
  }

  @Test
  void grace_outOfRangeIsRefused() {
    assertThatThrownBy(() -> SpikeMonitor.of(List.of(parameter("w", 1)), 50, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("graceSteps must be positive: graceSteps=0");
  }
}
