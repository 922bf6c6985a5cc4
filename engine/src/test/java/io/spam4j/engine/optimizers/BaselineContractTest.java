package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.NonFiniteGradientException;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.TensorRuns;
import io.spam4j.engine.internal.step.StepStates;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds of every baseline, whatever its update. */
final class BaselineContractTest {
  /** Several pieces, tiles and parts of blocks, awkward remainders, a batch, a scalar. */
  private static final Map<String, long[]> SHAPES =
      TensorRuns.shapes(
          new long[] {17_001},
          new long[] {257, 260},
          new long[] {2, 3, 30, 7},
          new long[] {3, 5},
          new long[] {});

  private static final Map<String, long[]> SMALL =
      TensorRuns.shapes(new long[] {20}, new long[] {4, 5}, new long[] {2, 2, 3});

  /** A baseline, with weight decay or without. */
  record Baseline(OptimizerCase one, double weightDecay) {
    OptimizerBuilder<?> make() {
      return one.builder(0).weightDecay(weightDecay);
    }

    @Override
    public String toString() {
      return one + ", decay " + weightDecay;
    }
  }

  static Stream<Baseline> baselines() {
    return OptimizerCases.all()
        .filter(one -> one.has(Trait.BASELINE) && !one.has(Trait.TRANSFORMS))
        .flatMap(one -> Stream.of(new Baseline(one, 0), new Baseline(one, 0.1)));
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void result_dependsNeitherOnThreadsNorOnCopies(Baseline baseline) {
    int[] expected = result(baseline.make().threads(1));
    assertThat(result(baseline.make().threads(2))).isEqualTo(expected);
    assertThat(result(baseline.make().threads(3))).isEqualTo(expected);
    var unchanged = GradientTransform.value(1e30);
    assertThat(result(baseline.make().threads(2).transforms(unchanged))).isEqualTo(expected);
  }

  private static int[] result(OptimizerBuilder<?> builder) {
    try (var run = new TensorRuns(builder, 1, SHAPES)) {
      for (int t = 0; t < 2; t++) {
        run.draw();
        run.gradients.values().forEach(g -> g.setFloat(g.elements() / 2, Float.NaN));
        if (t == 1) {
          run.gradients.remove("p1");
        }
        assertThat(run.step().skippedCoordinates()).isEqualTo(run.gradients.size());
      }
      return run.bits();
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void step_seesTransformedGradients_andLeavesTheCallersAlone(Baseline baseline) {
    var limited = baseline.make().transforms(GradientTransform.value(0.5));
    try (var plain = new TensorRuns(baseline.make(), 1, SMALL);
        var clipped = new TensorRuns(limited, 1, SMALL)) {
      for (int t = 0; t < 2; t++) {
        plain.draw();
        clipped.draw();
        for (Tensor gradient : plain.gradients.values()) {
          for (long i = 0; i < gradient.elements(); i++) {
            gradient.setFloat(i, Math.clamp(gradient.getFloat(i), -0.5f, 0.5f));
          }
        }
        float[] before = clipped.gradient("p0").toFloats();
        long limits = clipped.step().clampedCoordinates();
        assertThat(limits).isPositive();
        assertThat(clipped.gradient("p0").toFloats()).isEqualTo(before);
        plain.step();
      }
      assertThat(clipped.bits()).isEqualTo(plain.bits());
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void nonFiniteCoordinates_leaveTheirWeightAndCount(Baseline baseline) {
    try (var run = new TensorRuns(baseline.make(), 1, SMALL)) {
      run.draw();
      run.step();
      run.draw();
      run.gradient("p1").setFloat(3, Float.NaN);
      run.gradient("p1").setFloat(17, Float.NEGATIVE_INFINITY);
      float[] before = run.weights("p1").toFloats();
      Tensor moment = run.optimizer.state("p1").get("exp_avg");
      float[] momentBefore = moment == null ? new float[20] : moment.toFloats();
      StepReport report = run.step();
      assertThat(report.skippedCoordinates()).isEqualTo(2);
      assertThat(report.skippedCoordinates(1)).isEqualTo(2);
      float[] after = run.weights("p1").toFloats();
      float[] momentAfter = moment == null ? new float[20] : moment.toFloats();
      for (int i = 0; i < after.length; i++) {
        assertThat(after[i]).isFinite();
        assertThat(after[i] == before[i]).isEqualTo(i == 3 || i == 17);
        assertThat(momentAfter[i] == momentBefore[i])
            .isEqualTo(moment == null || i == 3 || i == 17);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void gradientWithoutAFiniteCoordinate_changesNothing(Baseline baseline) {
    try (var run = new TensorRuns(baseline.make(), 1, SMALL)) {
      run.draw();
      run.step();
      int[] before = run.bits();
      for (Tensor gradient : run.gradients.values()) {
        for (long i = 0; i < gradient.elements(); i++) {
          gradient.setFloat(i, Float.NaN);
        }
      }
      assertThat(run.step().skippedCoordinates()).isEqualTo(52);
      assertThat(run.bits()).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void propagate_letsNaNThrough(Baseline baseline) {
    var builder = baseline.make().nonFinite(NonFinitePolicy.PROPAGATE);
    try (var run = new TensorRuns(builder, 1, SMALL)) {
      run.draw();
      run.gradient("p1").setFloat(3, Float.NaN);
      assertThat(run.step().skippedCoordinates()).isEqualTo(0);
      assertThat(run.weights("p1").getFloat(3)).isNaN();
      assertThat(run.weights("p0").toFloats()).doesNotContain(Float.NaN);
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void hugeGradients_leaveFiniteWeightsAndState(Baseline baseline) {
    try (var run = new TensorRuns(baseline.make().learningRate(1e-3), 1, SMALL)) {
      run.draw();
      run.gradients.values().forEach(g -> g.setFloat(1, -1e30f));
      run.step();
      run.draw();
      run.step();
      for (int bits : run.bits()) {
        assertThat(Float.intBitsToFloat(bits)).isFinite();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void zeroLearningRate_changesNoBitOfTheWeights(Baseline baseline) {
    try (var run = new TensorRuns(baseline.make().learningRate(0), 1, SMALL)) {
      run.weights("p0").setFloat(0, -0f);
      float[] before = run.weights("p0").toFloats();
      for (int t = 0; t < 3; t++) {
        run.draw();
        run.step();
      }
      float[] after = run.weights("p0").toFloats();
      assertThat(Arrays.compare(after, before)).isEqualTo(0); // tells zeros apart
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void refusedStep_changesNothing_andTheNextOneGoesOn(Baseline baseline) {
    var builder = baseline.make().nonFinite(NonFinitePolicy.THROW);
    try (var run = new TensorRuns(builder, 1, SMALL);
        var undisturbed = new TensorRuns(builder, 1, SMALL)) {
      run.draw();
      undisturbed.draw();
      run.step();
      undisturbed.step();
      int[] before = run.bits();
      float finite = run.gradient("p0").getFloat(7);
      run.gradient("p0").setFloat(7, Float.NaN);
      assertThatThrownBy(run::step)
          .isInstanceOf(NonFiniteGradientException.class)
          .hasMessage("gradients must be finite: step=2, coordinates=1, parameters=[p0]");
      assertThat(run.bits()).isEqualTo(before);
      run.gradient("p0").setFloat(7, finite);
      run.step();
      undisturbed.step();
      assertThat(run.bits()).isEqualTo(undisturbed.bits());
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void stoppedAndRestored_continuesBitForBit(Baseline baseline) {
    try (var whole = new TensorRuns(baseline.make(), 1, SMALL);
        var resumed = new TensorRuns(baseline.make(), 2, SMALL)) {
      for (int t = 0; t < 3; t++) {
        whole.draw();
        whole.step();
      }
      StepStates.of(resumed.optimizer).restore(StepStates.of(whole.optimizer).snapshot());
      for (String name : SMALL.keySet()) {
        resumed.weights(name).memory().copyFrom(whole.weights(name).memory());
        resumed
            .optimizer
            .state(name)
            .forEach((key, to) -> to.memory().copyFrom(whole.state(name, key).memory()));
      }
      whole.draw();
      resumed.gradients.putAll(whole.gradients);
      whole.step();
      resumed.step();
      assertThat(resumed.bits()).isEqualTo(whole.bits());
    }
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void plannedMemory_isWhatIsHeld(Baseline baseline) {
    for (int threads = 1; threads <= 2; threads++) {
      OptimizerBuilder<?> builder = baseline.make().threads(threads);
      assertPlanned(builder);
      assertPlanned(builder.transforms(GradientTransform.value(1)));
      assertPlanned(builder.transforms(GradientTransform.globalNorm(1), GradientTransform.agc()));
    }
  }

  private static void assertPlanned(OptimizerBuilder<?> builder) {
    for (Map<String, long[]> shapes : List.of(SHAPES, SMALL)) {
      try (var run = new TensorRuns(builder, 1, shapes)) {
        assertThat(builder.plannedMemory(shapes)).isEqualTo(run.optimizer.memory());
      }
    }
  }

  @Test
  void memory_isWhatTheJavadocSays() {
    var shapes = TensorRuns.shapes(new long[] {1024, 512});
    long weights = 1024 * 512;
    assertThat(Lion.builder().plannedMemory(shapes)).isEqualTo(new MemoryReport(4 * weights, 0, 0));
    assertThat(Sgd.builder().plannedMemory(shapes)).isEqualTo(new MemoryReport(4 * weights, 0, 0));
    var limited = Lion.builder().threads(2).transforms(GradientTransform.value(1));
    long pieces = 2 * 4 * 16_384; // one a thread
    assertThat(limited.plannedMemory(shapes)).isEqualTo(new MemoryReport(4 * weights, 0, pieces));
    assertThat(Sgd.builder().momentum(0).plannedMemory(shapes))
        .isEqualTo(new MemoryReport(0, 0, 0));
    assertThat(AdamMini.builder((_, s) -> s[0]).threads(2).plannedMemory(shapes))
        .isEqualTo(new MemoryReport(4 * weights + 4 * 1024, 0, 2 * 128)); // a thread 16 sums
    // 8 tiles of 256 x 256: 2 sums a row, 4 a column, 1 a tile, each 16 bytes, a mean, a factor a
    // row; a thread 256 sums and factors of columns, and 16 sums
    long scratch = 16 * (2 * 1024 + 4 * 512 + 8) + 8 + 4 * 1024 + 2 * (12 * 256 + 128);
    var unscaled = Adafactor.builder().scaleParameter(false).threads(2);
    assertThat(unscaled.plannedMemory(shapes))
        .isEqualTo(new MemoryReport(4 * (1024 + 512), 0, scratch));
    assertThat(unscaled.beta1(0.9).plannedMemory(shapes).moments())
        .isEqualTo(4 * (1024 + 512) + 4 * weights);
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void step_allocatesNothingOnTheHeap(Baseline baseline) {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    var shapes = TensorRuns.shapes(new long[] {260, 70}, new long[] {7}, new long[] {17_000});
    var builder = baseline.make().threads(2).transforms(GradientTransform.globalNorm(1));
    int steps = 20;
    long leastAllocation = 16L * steps; // of a step that has one; measuring has a few bytes itself
    try (var run = new TensorRuns(builder, 1, shapes)) {
      run.draw();
      Gradients gradients = Gradients.of(run.gradients);
      long allocated = leastAllocation;
      // Allocation ends when the compiler is done with the step; that is a matter of calls.
      for (int round = 0; round < 500 && allocated >= leastAllocation; round++) {
        long before = threads.getTotalThreadAllocatedBytes();
        for (int i = 0; i < steps; i++) {
          run.optimizer.step(gradients);
        }
        allocated = threads.getTotalThreadAllocatedBytes() - before;
      }
      assertThat(allocated).isLessThan(leastAllocation);
    }
  }
}
