package io.spam4j.engine.internal.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Runs;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.math.Correction;
import io.spam4j.engine.internal.step.StepStates;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * What a reset does over whole steps: the invariant S3, S9 where a run is stopped, and C11 of the
 * gate that spikes are clipped behind.
 */
final class SpamResetProperties {
  @Property(tries = 50, seed = "3")
  void s3_reset_forgetsThePast(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 40) int interval) {
    var random = new Random(seed);
    float[] start = Runs.draw(random, 20, 10);
    var builder = Spam.builder().resetInterval(interval).rewarmSteps(10).weightDecay(0.1);
    try (var one = new Runs(builder, start);
        var other = new Runs(builder, start)) {
      for (int t = 1; t < interval; t++) {
        one.step(Runs.draw(random, 20, 10));
        other.step(Runs.draw(random, 20, 10));
      }
      System.arraycopy(one.weights, 0, other.weights, 0, 20);
      float[] gradient = Runs.draw(random, 20, 10);
      assertThat(one.step(gradient).isMomentumReset()).isTrue();
      other.step(gradient);
      assertThat(other.bits()).isEqualTo(one.bits());
      for (int i = 0; i < gradient.length; i++) {
        // exactly the first step of Adam: m = (1 - beta1) g, v = (1 - beta2) g^2
        assertThat(one.first()[i]).isEqualTo((float) (1 - SpamProperties.BETA1) * gradient[i]);
        assertThat(one.second()[i])
            .isEqualTo((float) (1 - SpamProperties.BETA2) * (gradient[i] * gradient[i]));
      }
    }
  }

  @Property(tries = 50, seed = "31")
  void s3_reset_isAFirstStepOfAdam_asLongAsTheCorrectionsSay(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 40) int interval) {
    double lr = 1e-2;
    double warmup = SpamProperties.authors(interval, 10, 20).warmupScale(interval);
    double global =
        Math.sqrt(Correction.of(SpamProperties.BETA2, interval))
            / Correction.of(SpamProperties.BETA1, interval);
    // m / sqrt(v) = (1 - beta1) / sqrt(1 - beta2) = 3.1623 after one gradient, corrected by count
    assertResetStep(seed, interval, BiasCorrection.SINCE_RESET, lr * warmup);
    assertResetStep(
        seed, interval, BiasCorrection.NONE, lr * warmup * SpamProperties.momentRatio(1));
    assertResetStep(
        seed,
        interval,
        BiasCorrection.GLOBAL,
        lr * warmup * SpamProperties.momentRatio(1) * global);
  }

  private static void assertResetStep(
      long seed, int interval, BiasCorrection correction, double expected) {
    var random = new Random(seed);
    var builder =
        Spam.builder()
            .resetInterval(interval)
            .rewarmSteps(10)
            .epsilon(0)
            .learningRate(1e-2)
            .biasCorrection(correction);
    try (var run = new Runs(builder, new float[10])) {
      for (int t = 1; t < interval; t++) {
        run.step(Runs.draw(random, 10, 10));
      }
      Arrays.fill(run.weights, 0);
      run.step(Runs.draw(random, 10, 10));
      for (float weight : run.weights) {
        // seven roundings between gradient and weight, and those of the three coefficients
        assertThat((double) Math.abs(weight)).isCloseTo(expected, within(expected * 10 * 0x1p-24));
      }
    }
  }

  @Property(tries = 40, seed = "91")
  void s9_stoppedAndRestoredAtAnyStep_continuesBitForBit(
      @ForAll long seed, @ForAll BiasCorrection correction) {
    int interval = 30;
    int grace = 20;
    for (int stop : new int[] {1, grace, interval - 1, interval, interval + grace - 1, 61}) {
      var random = new Random(seed);
      var builder =
          Spam.builder()
              .resetInterval(interval)
              .spikeGraceSteps(grace)
              .rewarmSteps(25)
              .biasCorrection(correction);
      try (var whole = new Runs(builder, Runs.draw(random, 20, 10))) {
        for (int t = 0; t < stop; t++) {
          whole.step(Runs.draw(random, 20, 20));
        }
        try (var resumed = new Runs(builder, whole.weights)) {
          StepStates.of(resumed.optimizer).restore(StepStates.of(whole.optimizer).snapshot());
          copy(whole.optimizer.firstMoment("w"), resumed.optimizer.firstMoment("w"));
          copy(whole.optimizer.secondMoment("w"), resumed.optimizer.secondMoment("w"));
          for (int t = 0; t < 70; t++) {
            float[] gradient = Runs.draw(random, 20, 20);
            whole.step(gradient);
            resumed.step(gradient);
          }
          assertThat(resumed.bits()).isEqualTo(whole.bits());
          assertThat(resumed.optimizer.stepCount()).isEqualTo(stop + 70);
        }
      }
    }
  }

  private static void copy(Tensor from, Tensor to) {
    to.memory().copyFrom(from.memory());
  }

  @Property(tries = 30, seed = "12")
  void c11_outsideTheGate_nothingIsClipped(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 10) int grace) {
    var random = new Random(seed);
    var gate = SpamProperties.authors(20, 5, grace);
    var builder =
        SpamProperties.shortIntervals().resetInterval(20).rewarmSteps(5).spikeGraceSteps(grace);
    try (var run = new Runs(builder, new float[50])) {
      for (int t = 1; t <= 65; t++) {
        StepReport report = run.step(Runs.draw(random, 50, 5));
        if (!gate.clipsAt(t)) {
          assertThat(report.spikes()).as("step %d", t).isEqualTo(0);
        } else if (grace > 2) {
          // the gate is open and a fifth of all gradients is a thousand times the usual size
          assertThat(report.largestRatio()).isGreaterThan(0);
        }
      }
    }
  }
}
