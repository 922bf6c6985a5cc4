package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The learning rate that a report tells is the one at which a tensor learns. */
final class ReportedRateTest {
  private static Optimizer build(OptimizerBuilder<?> builder) {
    return builder.build(
        List.of(
            new Parameter("a", Tensor.of(new float[1], 1)),
            new Parameter("b", Tensor.of(new float[1], 1)),
            new Parameter("c", Tensor.of(new float[1], 1))));
  }

  private static final Tensor GRADIENT = Tensor.of(new float[] {1}, 1);

  @Test
  void learningRate_isTheBuilders_andThatOfATensorItsOwn() {
    var builder = AdamW.builder().learningRate(2e-4).group("a", g -> g.learningRate(2e-5));
    try (Optimizer optimizer = build(builder)) {
      StepReport report = optimizer.step(_ -> GRADIENT);
      assertThat(report.learningRate()).isEqualTo(2e-4);
      assertThat(report.learningRate(0)).isEqualTo(2e-5);
      assertThat(report.learningRate(1)).isEqualTo(2e-4);
    }
  }

  @Test
  void learningRate_whereNoTensorHasTheBuilders_isThatOfAll_orNaN() {
    var same = AdamW.builder().group("*", g -> g.learningRate(0.5));
    try (Optimizer optimizer = build(same)) {
      assertThat(optimizer.step(_ -> GRADIENT).learningRate()).isEqualTo(0.5);
    }
    try (Optimizer optimizer = build(same.group("b", g -> g.learningRate(0.25)))) {
      StepReport report = optimizer.step(_ -> GRADIENT);
      assertThat(report.learningRate()).isNaN();
      assertThat(report.learningRate(0)).isEqualTo(0.5);
      assertThat(report.learningRate(1)).isEqualTo(0.25);
    }
  }

  @Test
  void relativeStep_isThatOfATensorsOwnUpdates() {
    try (Optimizer optimizer = build(Adafactor.builder().warmupInit(true))) {
      for (int i = 1; i <= 11; i++) {
        boolean all = i <= 3;
        StepReport report = optimizer.step(name -> all || name.equals("a") ? GRADIENT : null);
        assertThat(report.learningRate(0)).isEqualTo(1e-6 * i);
        assertThat(report.learningRate(1)).isEqualTo(1e-6 * Math.min(i, 4)); // of its next update
        assertThat(report.learningRate()).isEqualTo(1e-6 * i); // of one updated at each step
      }
    }
  }
}
