package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Learning rates at the edge of what a float holds: a weight whose gradient is 0 stays, or the step
 * is refused before anything changes.
 */
final class LargeRateTest {
  private static Optimizer build(OptimizerBuilder<?> builder, Tensor weights) {
    return builder.build(List.of(new Parameter("w", weights)));
  }

  static List<OptimizerCase> algorithms() {
    return OptimizerCases.algorithms().stream().filter(c -> !c.has(Trait.BFLOAT16)).toList();
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void rateOfASchedule_thatNoFloatHolds_isRefusedByTheStep(OptimizerCase one) {
    Schedule schedule = step -> step == 1 ? 1e300 : 1e-3;
    Tensor weights = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor gradient = Tensor.of(new float[] {1, 0, -1, 0}, 2, 2);
    try (Optimizer optimizer = build(one.builder(0).learningRate(schedule), weights)) {
      optimizer.step(_ -> gradient);
      float[] before = weights.toFloats();
      assertThatThrownBy(() -> optimizer.step(_ -> gradient))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "a learning rate, also divided by 1 - beta1 or times the weight decay, must fit a"
                  + " float: learningRate=1.0E300")
          .hasMessageEndingWith("step=1, parameter=w");
      assertThat(weights.toFloats()).isEqualTo(before);
      assertThat(optimizer.stepCount()).isEqualTo(1);
    }
  }

  @Test
  void productsThatNoFloatHolds_areRefused() {
    Tensor gradient = Tensor.of(new float[] {1, 0}, 2);
    List<OptimizerBuilder<?>> builders =
        List.of(
            AdamW.builder().learningRate(1e38), // 1e38 / 0.1
            AdamW.builder().learningRate(1e20).weightDecay(1e20),
            Lion.builder().learningRate(1e20).weightDecay(1e20),
            AdamMini.builder(1).learningRate(3e38));
    for (OptimizerBuilder<?> builder : builders) {
      Tensor weights = Tensor.of(new float[] {1, 2}, 2);
      try (Optimizer optimizer = build(builder, weights)) {
        assertThatThrownBy(() -> optimizer.step(_ -> gradient))
            .hasMessageStartingWith("a learning rate, also divided by 1 - beta1");
        assertThat(weights.toFloats()).containsExactly(1, 2);
      }
    }
  }

  static List<Supplier<OptimizerBuilder<?>>> largest() {
    return List.of(
        () -> AdamW.builder().weightDecay(0).learningRate(3e37),
        () -> Sgd.builder().learningRate(3.4e38),
        () -> Lion.builder().learningRate(3e37),
        () -> AdamMini.builder(1).learningRate(3e37),
        () -> Adafactor.builder().learningRate(3.4e38));
  }

  @ParameterizedTest
  @MethodSource("largest")
  void largestRate_leavesAWeightWhoseGradientIsZero(Supplier<OptimizerBuilder<?>> builder) {
    Tensor weights = Tensor.of(new float[] {1, 2}, 2);
    try (Optimizer optimizer = build(builder.get(), weights)) {
      optimizer.step(_ -> Tensor.of(new float[] {0, 0}, 2));
      assertThat(weights.toFloats()).containsExactly(1, 2);
    }
  }
}
