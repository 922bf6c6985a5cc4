package io.spam4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.tensors.Tensor;
import org.junit.jupiter.api.Test;

/** The benchmark does what its names say. */
final class FusedUpdateBenchmarkTest {
  private static FusedUpdateBenchmark benchmark() {
    var benchmark = new FusedUpdateBenchmark();
    benchmark.weights = 40_000;
    benchmark.threads = 2;
    benchmark.setUp();
    return benchmark;
  }

  @Test
  void limit_leavesTheWeightsAsTheyAre() {
    FusedUpdateBenchmark benchmark = benchmark();
    Tensor weights = benchmark.limit();
    for (int i = 0; i < 40_000; i++) {
      assertThat(weights.getFloat(i)).isEqualTo(0);
    }
    benchmark.tearDown();
  }

  @Test
  void pair_timesBothAndDividesThem() {
    FusedUpdateBenchmark benchmark = benchmark();
    var pair = new FusedUpdateBenchmark.Pair();
    pair.clear();
    assertThat(benchmark.spamAndLimit(pair).step()).isEqualTo(1);
    assertThat(pair.stepOverLimit()).isPositive().isFinite();
    benchmark.tearDown();
  }

  @Test
  void steps_moveEveryWeightByTheLearningRate() {
    FusedUpdateBenchmark benchmark = benchmark();
    assertThat(benchmark.spam().step()).isEqualTo(1);
    Tensor weights = benchmark.limit();
    int whole = 0;
    for (int i = 0; i < 40_000; i++) {
      // the first step is lr * sign(g), less where eps counts beside a small g
      float moved = Math.abs(weights.getFloat(i));
      assertThat(moved).isBetween(0f, 1.000001e-3f);
      whole += moved > 0.9e-3f ? 1 : 0;
    }
    assertThat(whole).isGreaterThan(39_000);
    assertThat(benchmark.adamW().bytes()).isEqualTo(40_000L * 28);
    benchmark.tearDown();
  }
}
