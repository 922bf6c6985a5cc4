package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Drawn;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Runs;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.decide.BetaSchedule;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.EpsilonMode;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Stable-SPAM's presets and parts, and the invariants G9 to G11. */
final class StableSpamTest {
  private static final double ULP = 0x1p-23;

  private static StableSpam.Builder without(boolean adaClip, boolean adaGN, int interval) {
    return StableSpam.builder().adaClip(adaClip).adaGN(adaGN).resetInterval(interval);
  }

  private static void assertSameRuns(long seed, OptimizerBuilder<?> one, OptimizerBuilder<?> two) {
    var random = new Random(seed);
    int n = 1 + random.nextInt(100);
    float[] start = Runs.draw(random, n, 10);
    try (var first = new Runs(one, start);
        var second = new Runs(two, start)) {
      for (int t = 1; t <= 25; t++) {
        boolean absent = random.nextInt(6) == 0;
        float[] gradient = Runs.draw(random, n, 10);
        if (absent) {
          first.stepWithoutGradient();
          second.stepWithoutGradient();
        } else {
          first.step(gradient);
          second.step(gradient);
        }
        assertThat(first.bits()).isEqualTo(second.bits());
      }
    }
  }

  // ---- parts

  @Property(tries = 50, seed = "9")
  void g9_withAllPartsOff_itIsAdamWBitForBit(
      @ForAll long seed,
      @ForAll StableSpam.Preset preset,
      @ForAll @DoubleRange(min = 0, max = 0.5) double decay) {
    var off =
        StableSpam.builder(preset).adaClip(false).adaGN(false).resetInterval(0).weightDecay(decay);
    var adamW = AdamW.builder().weightDecay(decay);
    assertSameRuns(seed, off, adamW);
  }

  @Property(tries = 20, seed = "91")
  void eachPart_canBeOnAlone(@ForAll long seed) {
    assertSameRuns(
        seed,
        without(true, false, 0).clipDecay(0.5).weightDecay(0.1),
        AdamW.builder().weightDecay(0.1).transforms(GradientTransform.adaClip(0.5)));
    assertSameRuns(
        seed,
        without(false, true, 0).normDecays(0.6, 0.8).epsilon(1e-3),
        AdamW.builder()
            .weightDecay(0)
            .epsilon(1e-3)
            .transforms(new GradientTransform.AdaGN(0.6, 0.8, 1e-3, true)));
    assertSameRuns(
        seed,
        without(false, false, 7),
        Spam.builder()
            .resetInterval(7)
            .rewarmSteps(0)
            .spikeThreshold(0)
            .epsilon(1e-8)
            .epsilonMode(EpsilonMode.CORRECTED)
            .biasCorrection(BiasCorrection.SINCE_RESET));
  }

  @Property(tries = 20, seed = "92")
  void allParts_areTheTransformsBeforeMomentumReset(@ForAll long seed) {
    assertSameRuns(
        seed,
        without(true, true, 7),
        without(false, false, 7)
            .transforms(GradientTransform.adaClip(), GradientTransform.adaGN()));
  }

  @Test
  void presets_haveTheirDecays() {
    double[][] expected = {{0.3, 0.1}, {0.15, 1e-5}, {0.3, 0.1}};
    int i = 0;
    for (var preset : StableSpam.Preset.values()) {
      try (var run = new Runs(StableSpam.builder(preset), 0, 0)) {
        run.step(3, -4);
        var scalars = run.optimizer.scalars("w");
        assertThat(scalars.get("m_norm_t")).isCloseTo(5 * expected[i][0], within(1e-12));
        assertThat(scalars.get("v_norm_t")).isCloseTo(25 * expected[i][1], within(1e-12));
        assertThat(scalars.get("m_max_t")).isCloseTo(4 * 0.001, within(1e-12));
      }
      i++;
    }
  }

  @Test
  void resetInterval_isAThousandUnlessSet() {
    try (var run = new Runs(StableSpam.builder(), 0)) {
      for (int t = 1; t < 1000; t++) {
        assertThat(run.step(1).isMomentumReset()).isFalse();
      }
      assertThat(run.step(1).isMomentumReset()).isTrue();
    }
  }

  @Test
  void spikeThreshold_clipsWhatTheOtherPartsLeave_asSpamDoes() {
    // v = 0.001 c^2 after a step of norm c; the second gradient is clipped at sqrt(4 * 0.001) c
    var builder = StableSpam.builder().spikeThreshold(4).spikeGraceSteps(2).epsilon(0);
    try (var run = new Runs(builder, 0, 0)) {
      assertThat(run.step(3, 4).spikes()).isEqualTo(0);
      StepReport report = run.step(3, 0);
      assertThat(report.spikes()).isEqualTo(1);
      double limit = Math.sqrt(4 * 0.001) * 0.6; // the first gradient became (0.6, 0.8)
      double expected = 0.9 * 0.06 + 0.1 * limit;
      assertThat((double) run.first()[0]).isCloseTo(expected, within(expected * 4 * ULP));
      assertThat(run.first()[1]).isEqualTo(0.9f * (float) (1 - 0.9) * 0.8f, within(1e-8f));
    }
  }

  @Property(tries = 30, seed = "51")
  void scaleOfTheGradients_doesNotMatterToTheWholeRun(
      @ForAll long seed, @ForAll @IntRange(min = -40, max = 40) int exponent) {
    var random = new Random(seed);
    var builder = StableSpam.builder().epsilon(0).resetInterval(7);
    try (var plain = new Runs(builder, new float[30]);
        var scaled = new Runs(builder, new float[30])) {
      for (int t = 0; t < 20; t++) {
        float[] gradient = Drawn.spiky(random, 30);
        float[] larger = new float[30];
        for (int i = 0; i < 30; i++) {
          larger[i] = Math.scalb(gradient[i], exponent);
        }
        plain.step(gradient);
        scaled.step(larger);
        assertThat(scaled.bits()).isEqualTo(plain.bits());
      }
    }
  }

  // ---- schedule

  @Property(tries = 200, seed = "10")
  void g10_schedule_fallsToItsEnd_andStaysOrRises(
      @ForAll @IntRange(min = 1, max = 300) int total,
      @ForAll @DoubleRange(min = 0, max = 1) double eta) {
    var stays = new BetaSchedule(total, eta, false);
    var rises = new BetaSchedule(total, eta, true);
    for (int t = 0; t <= total; t++) {
      assertThat(stays.scale(t)).isBetween(eta, 1.0);
      assertThat(stays.scale(t + 1)).isLessThanOrEqualTo(stays.scale(t));
      assertThat(rises.scale(t)).isEqualTo(stays.scale(t));
      double exact = eta + (1 - eta) * (1 + Math.cos(Math.PI * t / (total + 1))) / 2;
      assertThat(stays.scale(t)).isCloseTo(exact, within(1e-15));
      assertThat(rises.scale(2L * (total + 1) - t)).isEqualTo(stays.scale(t));
      assertThat(rises.scale(2L * (total + 1) + t)).isEqualTo(stays.scale(t));
      assertThat(stays.scale(total + 1 + t)).isEqualTo(eta);
    }
    assertThat(BetaSchedule.NONE.scale(total)).isEqualTo(1);
  }

  @Test
  void g10_schedule_scalesBeta1AndGamma1_ofEachStep() {
    // sigma of step 1 of 3: 0.5 + 0.5 (1 + cos(pi / 4)) / 2
    double sigma = 0.5 + 0.25 * (1 + Math.sqrt(0.5));
    try (var run = new Runs(StableSpam.builder().betaSchedule(3, 0.5).epsilon(0), 0)) {
      run.step(2);
      assertThat(run.optimizer.scalars("w").get("m_norm_t"))
          .isCloseTo((1 - 0.7 * sigma) * 2, within(1e-15));
      // AdaGN makes a first gradient 1; the corrections use the scaled beta1 too
      assertThat((double) run.first()[0]).isCloseTo(1 - 0.9 * sigma, within(ULP));
      assertThat((double) run.weights[0]).isCloseTo(-1e-3, within(1e-3 * 4 * ULP));
      for (int t = 2; t <= 5; t++) {
        run.step(2);
      }
      float before = run.first()[0];
      run.step(0); // step 6, beyond the end: beta1 = 0.45
      assertThat((double) run.first()[0]).isCloseTo(0.45 * before, within(ULP));
    }
  }

  // ---- momentum reset

  @Property(tries = 40, seed = "11")
  void g11_resetThenUpdate_isAFirstStepOfAdam_whateverWasBefore(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 30) int interval) {
    var random = new Random(seed);
    int n = 20;
    var builder = without(false, false, interval).learningRate(0.01);
    try (var run = new Runs(builder, new float[n])) {
      for (int t = 1; t < interval; t++) {
        run.step(Drawn.spiky(random, n));
      }
      float[] gradient = Drawn.spiky(random, n);
      run.weights[0] = 0;
      assertThat(run.step(gradient).isMomentumReset()).isTrue();
      double expected = -0.01 * gradient[0] / (Math.abs((double) gradient[0]) + 1e-8);
      assertThat((double) run.weights[0]).isCloseTo(expected, within(0.01 * 8 * ULP));
      for (int i = 0; i < n; i++) {
        assertThat(run.first()[i]).isEqualTo((float) (1 - 0.9) * gradient[i]);
      }
    }
  }

  /** The authors' aliased reset: spec 2.2, steps 7 to 9. */
  @Test
  void g11_aliasedReference_updatesWithTheOldMoments_andForgetsTheGradient() {
    var builder =
        StableSpam.builder(StableSpam.Preset.REFERENCE)
            .adaClip(false)
            .adaGN(false)
            .resetInterval(3)
            .learningRate(0.1)
            .epsilon(0.5);
    try (var run = new Runs(builder, 0)) {
      run.step(1);
      run.step(1);
      float before = run.weights[0];
      StepReport report = run.step(2);
      assertThat(report.isMomentumReset()).isTrue();
      // m = 0.9 * 0.19 + 0.1 * 2, v = 0.999 * 0.001999 + 0.001 * 4, both corrected as at step 1
      double m = 0.371 / 0.1;
      double v = 0.005997001 / 0.001;
      double moved = -0.1 * m / (Math.sqrt(v) + 0.5);
      assertThat((double) run.weights[0] - before).isCloseTo(moved, within(1e-7));
      assertThat(run.first()).containsExactly(0);
      assertThat(run.second()).containsExactly(0);
      before = run.weights[0];
      run.step(4); // corrected as at step 2, holding one gradient
      moved = -0.1 * (0.4 / 0.19) / (Math.sqrt(0.016 / 0.001999) + 0.5);
      assertThat((double) run.weights[0] - before).isCloseTo(moved, within(1e-7));
    }
  }

  @Test
  void sharedCounter_restartsTheCorrectionsOfTheReference_ofOthersNot() {
    for (boolean reference : new boolean[] {true, false}) {
      var builder =
          reference ? StableSpam.builder(StableSpam.Preset.REFERENCE) : StableSpam.builder();
      try (var run = new Runs(builder.resetInterval(50).clipDecay(0.9), 0)) {
        for (int t = 1; t <= 50; t++) {
          run.step(1);
        }
        // as if two norms were held, of which there are 51
        StepReport report = run.step(3);
        int k = reference ? 2 : 51;
        double threshold = (0.9 * (1 - Math.pow(0.9, 50)) + 0.3) / (1 - Math.pow(0.9, k));
        double norm = Math.min(3, threshold);
        assertThat(report.loweredCoordinates()).isEqualTo(reference ? 0 : 1);
        double mean = (0.7 + 0.3 * norm) / (1 - Math.pow(0.7, k));
        double square =
            (0.9 * (1 - Math.pow(0.9, 50)) + 0.1 * norm * norm) / (1 - Math.pow(0.9, k));
        double scale = mean / (Math.sqrt(square) + 1e-8) / norm;
        assertThat(report.gradientScale(0)).isCloseTo(scale, within(scale * 4 * ULP));
      }
    }
  }
}
