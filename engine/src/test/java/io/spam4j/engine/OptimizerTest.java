package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.EpsilonMode;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class OptimizerTest {
  private static final float NAN = Float.NaN;
  private static final float INF = Float.POSITIVE_INFINITY;

  // ---- what a step does

  @Test
  void adamW_firstTwoSteps_areTheHandWorkedOnes() {
    // lr 0.1, decay 0.5: w = 1 (1 - 0.05) - 0.1 sign(g) at step 1; m^ / sqrt(v^) at step 2 is
    // (0.9 * 0.1 * 2 + 0.1 * 1) / 0.19 / sqrt((0.999 * 0.004 + 0.001) / 0.001999)
    try (var run = new Runs(AdamW.builder().learningRate(0.1).weightDecay(0.5).epsilon(0), 1f)) {
      run.step(2);
      assertThat(run.weights[0]).isCloseTo(0.85f, within(1e-6f));
      run.step(1);
      double direction = (0.18 + 0.1) / 0.19 / Math.sqrt(0.004996 / 0.001999);
      assertThat(run.weights[0]).isCloseTo((float) (0.85 * 0.95 - 0.1 * direction), within(1e-6f));
    }
  }

  @Test
  void epsilon_isAddedToTheCorrectedRoot_orToTheRawOne() {
    // g = 2 at step 1: m^ = 2, sqrt(v^) = 2; raw: m = 0.2, sqrt(v) = sqrt(0.004)
    var spam = Spam.builder().learningRate(0.1).epsilon(0.5);
    try (var adam = new Runs(Adam.builder().learningRate(0.1).epsilon(0.5), 0f);
        var corrected = new Runs(spam.epsilonMode(EpsilonMode.CORRECTED), 0f);
        var raw = new Runs(spam.epsilonMode(EpsilonMode.UNCORRECTED), 0f)) {
      adam.step(2);
      corrected.step(2);
      raw.step(2);
      assertThat(adam.weights[0]).isCloseTo(-0.1f * 2 / 2.5f, within(1e-7f));
      assertThat(corrected.weights[0]).isEqualTo(adam.weights[0]);
      double step = 0.1 * Math.sqrt(0.001) / 0.1 * 0.2 / (Math.sqrt(0.004) + 0.5);
      assertThat(raw.weights[0]).isCloseTo((float) -step, within(1e-8f));
    }
  }

  @Test
  void spam_clipsASpikeToTheThreshold_andReportsIt() {
    var builder = Spam.builder().spikeThreshold(2000).spikeGraceSteps(2).resetInterval(0);
    try (var run = new Runs(builder, 0f, 0f)) {
      run.step(1, 1); // v = 0.001
      StepReport report = run.step(1, 50); // ratios 1 / 0.001 and 2500 / 0.001
      assertThat(report.spikes()).isEqualTo(1);
      assertThat(report.spikes(0)).isEqualTo(1);
      assertThat(report.largestRatio(0)).isCloseTo(2.5e6f, within(1f));
      // g'^2 = 2000 * 0.001, v = 0.999 * 0.001 + 0.001 * 2
      assertThat(run.second()[1]).isCloseTo(0.002999f, within(1e-9f));
      assertThat(run.second()[0]).isCloseTo(0.001999f, within(1e-9f));
    }
  }

  @Test
  void spam_doesNotLockACoordinateWhoseSecondMomentIsZero_asTheReferenceDoes() {
    var defaults = Spam.builder().spikeGraceSteps(2).resetInterval(0);
    var reference = Spam.builder(Spam.Preset.REFERENCE).spikeGraceSteps(2).resetInterval(0);
    try (var free = new Runs(defaults, 0f);
        var locked = new Runs(reference, 0f)) {
      for (float g : new float[] {0, 0, 0, 1, 1, 1}) {
        free.step(g);
        locked.step(g);
      }
      assertThat(free.weights[0]).isLessThan(0);
      assertThat(locked.weights[0]).isEqualTo(0);
      assertThat(locked.second()[0]).isEqualTo(0);
    }
  }

  @Test
  void parameterWithoutGradient_staysAsItIs_butIsResetWithTheOthers() {
    Tensor a = Tensor.of(new float[] {1}, 1);
    Tensor b = Tensor.of(new float[] {1}, 1);
    Tensor g = Tensor.of(new float[] {1}, 1);
    for (var preset : List.of(Spam.Preset.DEFAULTS, Spam.Preset.REFERENCE)) {
      a.setFloat(0, 1);
      var parameters = List.of(new Parameter("a", a), new Parameter("b", b));
      try (var optimizer = Spam.builder(preset).resetInterval(3).build(parameters)) {
        optimizer.step(_ -> g);
        float weight = a.getFloat(0);
        optimizer.step(name -> name.equals("a") ? null : g);
        assertThat(a.getFloat(0)).isEqualTo(weight);
        assertThat(optimizer.firstMoment("a").getFloat(0)).isEqualTo(0.1f);
        optimizer.step(name -> name.equals("a") ? null : g);
        assertThat(a.getFloat(0)).isEqualTo(weight);
        float expected = preset == Spam.Preset.DEFAULTS ? 0 : 0.1f;
        assertThat(optimizer.firstMoment("a").getFloat(0)).isEqualTo(expected);
        assertThat(optimizer.secondMoment("a").getFloat(0) == 0)
            .isEqualTo(preset == Spam.Preset.DEFAULTS);
      }
    }
  }

  @Test
  void biasCorrection_countsOnlyTheStepsInWhichATensorHadAGradient() {
    Tensor rare = Tensor.of(new float[] {0}, 1);
    Tensor g = Tensor.of(new float[] {3}, 1);
    var parameters =
        List.of(new Parameter("rare", rare), new Parameter("often", Tensor.of(new float[] {0}, 1)));
    try (var optimizer = Adam.builder().learningRate(0.1).epsilon(0).build(parameters)) {
      for (int t = 0; t < 10; t++) {
        optimizer.step(name -> name.equals("rare") ? null : g);
      }
      optimizer.step(_ -> g);
      assertThat(rare.getFloat(0)).isCloseTo(-0.1f, within(1e-7f)); // a first step of Adam
    }
  }

  @Test
  void learningRate_isTheSchedulesAtTheZeroBasedStep() {
    Schedule schedule = step -> step == 0 ? 0 : 0.5;
    try (var run = new Runs(Adam.builder().learningRate(schedule).epsilon(0), 1f)) {
      assertThat(run.step(1).learningRate()).isEqualTo(0);
      assertThat(run.weights[0]).isEqualTo(1);
      assertThat(run.step(1).learningRate()).isEqualTo(0.5);
      assertThat(run.weights[0]).isCloseTo(0.5f, within(1e-6f));
    }
  }

  @Test
  void group_changesTheParametersItMatches_inOrder() {
    Tensor a = Tensor.of(new float[] {0}, 1);
    Tensor b = Tensor.of(new float[] {0}, 1);
    Tensor g = Tensor.of(new float[] {1}, 1);
    var parameters = List.of(new Parameter("mlp.0.up", a), new Parameter("head", b));
    var builder =
        Spam.builder()
            .learningRate(0.1)
            .epsilon(0)
            .group("mlp.*", group -> group.learningRate(0.01))
            .group("mlp.?.up", group -> group.learningRate(0.001));
    try (var optimizer = builder.build(parameters)) {
      optimizer.step(_ -> g);
      assertThat(a.getFloat(0)).isCloseTo(-0.001f, within(1e-9f));
      assertThat(b.getFloat(0)).isCloseTo(-0.1f, within(1e-7f));
    }
  }

  // ---- clipping of gradients

  @Test
  void globalNorm_scalesAllGradientsTogether() {
    Tensor g = Tensor.of(new float[] {3, 0}, 2);
    Tensor h = Tensor.of(new float[] {4}, 1);
    var parameters =
        List.of(
            new Parameter("a", Tensor.of(new float[2], 2)),
            new Parameter("b", Tensor.of(new float[1], 1)));
    var builder = Adam.builder().transforms(GradientTransform.globalNorm(1));
    try (var optimizer = builder.build(parameters)) {
      StepReport report = optimizer.step(name -> name.equals("a") ? g : h);
      assertThat(report.gradientNorm()).isEqualTo(5);
      assertThat(report.gradientScale(0)).isEqualTo((float) (1 / 5.000001));
      assertThat(optimizer.firstMoment("a").getFloat(0)).isCloseTo(0.06f, within(1e-7f));
      assertThat(optimizer.firstMoment("b").getFloat(0)).isCloseTo(0.08f, within(1e-7f));
      h.setFloat(0, 0);
      g.setFloat(0, 0.5f);
      assertThat(optimizer.step(name -> name.equals("a") ? g : h).gradientScale(0)).isEqualTo(1);
      assertThat(report.bytes()).isEqualTo(3 * (28 + 4));
    }
  }

  @Test
  void value_limitsEachCoordinate() {
    try (var run =
        new Runs(Adam.builder().transforms(GradientTransform.value(0.5)), new float[3])) {
      StepReport report = run.step(2, -3, 0.25f);
      assertThat(run.first()).containsExactly(0.05f, -0.05f, 0.025f);
      assertThat(report.clampedCoordinates()).isEqualTo(2);
      assertThat(report.gradientNorm()).isNaN();
      assertThat(report.bytes()).isEqualTo(3 * 28);
    }
  }

  // ---- what is not finite, or nearly not

  @Test
  void skipCoordinate_leavesWeightAndMomentsAndCounts() {
    try (var run = new Runs(AdamW.builder(), 1f, 2f, 3f)) {
      run.step(1, 1, 1);
      float[] weights = run.weights.clone();
      StepReport report = run.step(NAN, -INF, 1);
      assertThat(report.skippedCoordinates()).isEqualTo(2);
      assertThat(run.weights[0]).isEqualTo(weights[0]);
      assertThat(run.weights[1]).isEqualTo(weights[1]);
      assertThat(run.weights[2]).isLessThan(weights[2]);
      assertThat(run.first()).containsExactly(0.1f, 0.1f, 0.9f * 0.1f + 0.1f);
      assertThat(run.optimizer.stepCount()).isEqualTo(2);
    }
  }

  @Test
  void skipStep_isACompleteNoOp() {
    var builder = Spam.builder().weightDecay(0.1).nonFinite(NonFinitePolicy.SKIP_STEP);
    try (var run = new Runs(builder.resetInterval(2), 1f, 2f)) {
      run.step(1, 1);
      int[] before = run.bits();
      StepReport report = run.step(1, NAN);
      assertThat(report.isSkipped()).isTrue();
      assertThat(report.isMomentumReset()).isFalse();
      assertThat(report.step()).isEqualTo(2);
      assertThat(run.bits()).isEqualTo(before);
      assertThat(run.optimizer.stepCount()).isEqualTo(1);
      assertThat(run.step(1, 1).isMomentumReset()).isTrue(); // step 2 after all
      assertThat(report.isSkipped()).isFalse();
    }
  }

  @Test
  void throwPolicy_namesTheParameterAndChangesNothing() {
    try (var run = new Runs(Adam.builder().nonFinite(NonFinitePolicy.THROW), 1f, 2f)) {
      run.step(1, 1);
      int[] before = run.bits();
      assertThatThrownBy(() -> run.step(NAN, INF))
          .isInstanceOf(NonFiniteGradientException.class)
          .hasMessage("gradients must be finite: step=2, coordinates=2, parameters=[w]");
      assertThat(run.bits()).isEqualTo(before);
      assertThat(run.optimizer.stepCount()).isEqualTo(1);
    }
  }

  @Test
  void propagate_letsTheArithmeticTakeItsCourse() {
    try (var run = new Runs(Adam.builder().nonFinite(NonFinitePolicy.PROPAGATE), 1f, 2f)) {
      StepReport report = run.step(NAN, 1);
      assertThat(run.weights[0]).isNaN();
      assertThat(run.weights[1]).isLessThan(2);
      assertThat(report.skippedCoordinates()).isEqualTo(0);
    }
  }

  @Test
  void hugeGradients_areLimitedAndLeaveFiniteMoments() {
    try (var run = new Runs(Adam.builder(), 1f, 1f)) {
      StepReport report = run.step(Float.MAX_VALUE, -Float.MAX_VALUE);
      assertThat(report.clampedCoordinates()).isEqualTo(2);
      for (float second : run.second()) {
        assertThat(second).isFinite().isPositive();
      }
      assertThat(run.weights).containsExactly(0.999f, 1.001f);
    }
  }

  @Test
  void subnormalMoments_becomeZero_unlessReference() {
    try (var run = new Runs(Spam.builder(), 1f);
        var reference = new Runs(Spam.builder(Spam.Preset.REFERENCE), 1f)) {
      run.step(1e-38f);
      reference.step(1e-38f);
      assertThat(run.first()[0]).isEqualTo(0);
      assertThat(reference.first()[0]).isEqualTo(1e-38f * (float) (1 - 0.9));
    }
  }

  /** Gradients of usual size, and so small that a first moment as small would show beside them. */
  @ParameterizedTest
  @ValueSource(floats = {1e-3f, 1e-37f})
  void subnormalMoments_countAsZero(float size) {
    // enough for a vector of any width, and for a few that are done one by one
    float[] weights = new float[37];
    float[] gradient = new float[37];
    Arrays.fill(weights, 1);
    Arrays.fill(gradient, size);
    Spam.Builder settings = Spam.builder().spikeGraceSteps(0).resetInterval(0);
    try (var subnormal = new Runs(settings, weights);
        var zero = new Runs(settings, weights)) {
      for (int step = 0; step < 2; step++) {
        for (int i = 0; i < weights.length; i++) {
          subnormal.state("exp_avg").setFloat(i, i % 2 == 0 ? 1e-38f : -1e-38f);
          subnormal.state("exp_avg_sq").setFloat(i, 3e-40f);
          zero.state("exp_avg").setFloat(i, 0);
          zero.state("exp_avg_sq").setFloat(i, 0);
        }
        StepReport report = subnormal.step(gradient);
        assertThat(report.spikes()).isZero(); // of no history there are none
        assertThat(report.largestRatio()).isZero();
        zero.step(gradient);
        assertThat(subnormal.bits()).containsExactly(zero.bits());
      }
    }
  }

  // ---- threads and memory

  @Test
  void step_allocatesNothingOnTheHeap() {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    var random = new Random(1);
    int n = 40_000;
    Tensor weights = Tensor.of(Runs.draw(random, n, 100), n);
    Tensor small = Tensor.of(Runs.draw(random, 7, 100), 7);
    Map<String, Tensor> byName = new HashMap<>();
    byName.put("w", Tensor.of(Runs.draw(random, n, 100), n));
    byName.put("s", Tensor.of(Runs.draw(random, 7, 100), 7));
    Gradients gradients = Gradients.of(byName);
    var builder =
        Spam.builder()
            .transforms(GradientTransform.globalNorm(1))
            .resetInterval(10)
            .learningRate(Schedule.warmupCosine(1e-3, 10, 10_000, 0.1))
            .threads(2);
    try (var optimizer =
        builder.build(List.of(new Parameter("w", weights), new Parameter("s", small)))) {
      long allocated = 1;
      // Allocation ends when the compiler is done with the step; that is a matter of calls.
      for (int round = 0; round < 1000 && allocated > 0; round++) {
        long before = threads.getTotalThreadAllocatedBytes();
        long ownBefore = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 20; i++) { // two resets in each round
          optimizer.step(gradients);
        }
        long own = threads.getCurrentThreadAllocatedBytes() - ownBefore;
        long all = threads.getTotalThreadAllocatedBytes() - before;
        allocated = Math.max(own, all);
      }
      assertThat(allocated).isEqualTo(0);
    }
  }

  @Test
  void memory_isBothMomentsAndTheScratchOfTheNorm() {
    float[] weights = new float[10_000];
    try (var plain = new Runs(Spam.builder(), weights);
        var clipped =
            new Runs(
                Spam.builder().transforms(GradientTransform.globalNorm(1)).threads(1), weights)) {
      assertThat(plain.optimizer.memory()).isEqualTo(new MemoryReport(80_000, 0, 0));
      // three blocks of 4096 take a slot of 24 bytes each, the thread 4 times 16 doubles
      assertThat(clipped.optimizer.memory())
          .isEqualTo(new MemoryReport(80_000, 0, 3 * 24 + 4 * 128));
      assertThat(clipped.optimizer.memory().state()).isEqualTo(80_000);
      assertThat(clipped.optimizer.memory().total()).isEqualTo(80_584);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"DEFAULTS", "REFERENCE"})
  void step_worksOnConfinedMemoryWithOneThread(Spam.Preset preset) {
    try (var arena = Arena.ofConfined()) {
      Tensor weights = Tensor.allocate(arena, DType.F32, 100_000);
      Tensor gradient = Tensor.allocate(arena, DType.F32, 100_000);
      gradient.setFloat(99_999, 1);
      try (var optimizer =
          Spam.builder(preset).threads(1).build(List.of(new Parameter("w", weights)))) {
        optimizer.step(_ -> gradient);
        assertThat(weights.getFloat(99_999)).isLessThan(0);
      }
    }
  }

  @Test
  void close_twice_isHarmless_andAStepAfterwardsIsRefused() {
    var run = new Runs(Adam.builder(), 1f);
    run.close();
    run.close();
    assertThatThrownBy(() -> run.step(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the optimizer must be open: it was closed");
    assertThat(run.weights).containsExactly(1f);
  }
}
