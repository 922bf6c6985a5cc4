package io.spam4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The benchmarks that time other work against a dense step do that work. */
final class ContestTest {
  private static final int WEIGHTS = 40_000;

  static String[] optimizers() throws NoSuchFieldException {
    return OptimizersBenchmark.class
        .getDeclaredField("optimizer")
        .getAnnotation(Param.class)
        .value();
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void everyOptimizer_steps(String optimizer) {
    var benchmark = new OptimizersBenchmark();
    benchmark.weights = WEIGHTS;
    benchmark.threads = 2;
    benchmark.optimizer = optimizer;
    benchmark.setUp();
    var ratio = new Ratio();
    ratio.clear();
    assertThat(benchmark.inTurn(ratio).step()).isEqualTo(1);
    assertThat(benchmark.inTurn(ratio).step()).isEqualTo(2);
    assertThat(ratio.overDenseSpam()).isPositive().isFinite();
    benchmark.tearDown();
  }

  @Test
  void subnormalMoments_areWhatIsStepped_andBecomeZero() {
    var benchmark = new SubnormalBenchmark();
    benchmark.weights = WEIGHTS;
    benchmark.threads = 2;
    benchmark.gradient = 0;
    benchmark.setUp();
    var ratio = new Ratio();
    ratio.clear();
    assertThat(benchmark.inTurn(ratio).step()).isEqualTo(2);
    assertThat(benchmark.first().mismatch(MemorySegment.ofArray(new float[WEIGHTS]))).isEqualTo(-1);
    assertThat(ratio.overDenseSpam()).isPositive().isFinite();
    benchmark.tearDown();
  }

  /** JMH would add up their ratios. */
  @Test
  void severalIterations_areRefused() throws RunnerException {
    assertThat(new Runner(subnormal(1)).run()).hasSize(1);
    assertThatThrownBy(() -> new Runner(subnormal(2)).run()).isInstanceOf(RunnerException.class);
  }

  private static Options subnormal(int iterations) {
    return new OptionsBuilder()
        .include("SubnormalBenchmark")
        .param("weights", "64")
        .param("threads", "1")
        .param("gradient", "0")
        .forks(0)
        .warmupIterations(0)
        .measurementIterations(iterations)
        .measurementTime(TimeValue.milliseconds(1))
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT)
        .build();
  }

  @Test
  void masks_areDrawn_largestOnesByMagnitude() {
    var benchmark = new MaskBenchmark();
    benchmark.weights = WEIGHTS;
    benchmark.threads = 2;
    benchmark.density = 0.05;
    benchmark.selection = "random";
    benchmark.setUp();
    var ratio = new Ratio();
    ratio.clear();
    assertThat(benchmark.inTurn(ratio)).isBetween(1L, WEIGHTS / 20 * 2L);
    assertThat(ratio.overDenseSpam()).isPositive().isFinite();
    try (Arena arena = Arena.ofShared()) {
      IndexMask first = benchmark.draw(arena);
      IndexMask second = benchmark.draw(arena);
      assertThat(first.count()).isEqualTo(WEIGHTS / 20);
      assertThat(second.toArray()).isNotEqualTo(first.toArray());
      benchmark.selection = "largest";
      IndexMask largest = benchmark.draw(arena);
      Tensor weights = benchmark.weights();
      double least = Double.POSITIVE_INFINITY;
      double most = 0;
      Set<Long> selected = new HashSet<>(LongStream.of(largest.toArray()).boxed().toList());
      for (long i = 0; i < WEIGHTS; i++) {
        double magnitude = Math.abs(weights.getFloat(i));
        if (selected.contains(i)) {
          least = Math.min(least, magnitude);
        } else {
          most = Math.max(most, magnitude);
        }
      }
      assertThat(selected).hasSize(WEIGHTS / 20);
      assertThat(least).isGreaterThanOrEqualTo(most);
    }
    benchmark.tearDown();
  }
}
