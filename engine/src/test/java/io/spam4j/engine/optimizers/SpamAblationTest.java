package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Runs;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.EpsilonMode;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.SpikeReference;
import io.spam4j.engine.options.WeightDecayMode;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** SPAM with parts exchanged or switched off, each against numbers worked by hand. */
final class SpamAblationTest {
  private static final double ULP = 0x1p-23;

  /** Clips from the first step on and never resets. */
  private static Spam.Builder clipping(SpikeAction action) {
    return Spam.builder()
        .spikeAction(action)
        .spikeGraceSteps(0)
        .resetInterval(0)
        .spikeThreshold(4)
        .learningRate(0.1);
  }

  private static void assertClose(double actual, double expected) {
    assertThat(actual).isCloseTo(expected, within(Math.abs(expected) * 8 * ULP));
  }

  // ---- what happens to a spike

  @Test
  void nullify_makesASpikeZero() {
    try (var run = new Runs(clipping(SpikeAction.NULLIFY).betas(0.5, 0.5), 0, 0)) {
      run.step(2, 2); // m = 1, v = 2
      StepReport report = run.step(3, -2.5f); // 9 > 4 * 2, 6.25 is not
      assertThat(report.spikes()).isEqualTo(1);
      assertThat(report.largestRatio()).isEqualTo(4.5f);
      assertThat(run.first()).containsExactly(0.5f, -0.75f);
      assertThat(run.second()).containsExactly(1, 4.125f);
    }
  }

  @Test
  void gaussian_bringsInWhatIsFarFromTheMean() {
    var builder = clipping(SpikeAction.GAUSSIAN).betas(0.5, 0.5);
    try (var run = new Runs(builder, 0, 0)) {
      assertThat(run.step(2, 2).spikes()).isEqualTo(0);
      assertState(run, "gradient_mean", 1, 1);
      assertState(run, "gradient_var", 0, 0);
      // mean 1 / 0.5 = 2, distance 2: nothing to compare with yet
      assertThat(run.step(4, 4).spikes()).isEqualTo(0);
      assertState(run, "gradient_mean", 2.5, 2.5);
      assertState(run, "gradient_var", 2, 2);
      // mean 2.5 / 0.75, deviation sqrt(2 / 0.5) = 2: within 3.3333 +- 6
      StepReport report = run.step(100, -2.5f);
      assertThat(report.spikes()).isEqualTo(1);
      double clipped = 2.5 / 0.75 + 6;
      assertState(run, "gradient_mean", 1.25 + clipped / 2, 0);
      double distance = 2.5 / 0.75 + 2.5;
      assertState(run, "gradient_var", 19, 1 + distance * distance / 2);
      assertClose(run.first()[0], 0.5 * (0.5 * 1 + 2) + clipped / 2);
      // v saw the clipped gradient as well
      assertClose(run.second()[0], 0.5 * (0.5 * 2 + 8) + clipped * clipped / 2);
      report = run.step(-1000, 0);
      double center = (1.25 + clipped / 2) / 0.875;
      double low = center - 3 * Math.sqrt(19 / 0.75);
      assertClose(run.first()[0], 0.5 * (1.25 + clipped / 2) + low / 2);
      assertThat(report.spikes()).isEqualTo(1);
    }
  }

  @Test
  void gaussian_seesGradientsWithinTheLimit() {
    try (var run = new Runs(clipping(SpikeAction.GAUSSIAN).betas(0.5, 0.5), 0f)) {
      run.step(1);
      assertThat(run.step(3e38f).clampedCoordinates()).isEqualTo(1);
      assertState(run, "gradient_mean", 0.25 + (double) 1e18f / 2);
      assertThat(run.state("gradient_var").getFloat(0)).isFinite();
      assertThat(run.step(1).clampedCoordinates()).isEqualTo(0);
    }
  }

  private static void assertState(Runs run, String name, double... expected) {
    var tensor = run.optimizer.state("w").get(name);
    assertThat(tensor).isNotNull();
    float[] actual = tensor == null ? new float[0] : tensor.toFloats();
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).isCloseTo(expected[i], within(1e-5));
    }
  }

  @Test
  void gaussian_restsInGrace_andStartsAnewAtAReset() {
    var builder =
        clipping(SpikeAction.GAUSSIAN).betas(0.5, 0.5).resetInterval(6).spikeGraceSteps(4);
    try (var run = new Runs(builder, 0f)) {
      run.step(2);
      run.step(4);
      assertThat(run.step(100).spikes()).isEqualTo(0); // step 3 of grace
      assertThat(run.step(-10_000).spikes()).isEqualTo(1);
      run.step(1);
      StepReport report = run.step(8); // a reset
      assertThat(report.isMomentumReset()).isTrue();
      assertState(run, "gradient_mean", 4);
      assertState(run, "gradient_var", 0);
      assertThat(run.first()).containsExactly(4);
      assertThat(run.optimizer.memory().moments()).isEqualTo(4 * 4);
    }
  }

  @Property(tries = 30, seed = "1")
  void none_isAThresholdOfZero(@ForAll long seed) {
    var random = new Random(seed);
    var common = Spam.builder().resetInterval(6).rewarmSteps(3).spikeGraceSteps(1);
    try (var none = new Runs(common.spikeAction(SpikeAction.NONE), new float[40]);
        var zero =
            new Runs(common.spikeAction(SpikeAction.CLIP).spikeThreshold(0), new float[40])) {
      for (int t = 0; t < 20; t++) {
        float[] gradient = Runs.draw(random, 40, 5);
        assertThat(none.step(gradient).spikes()).isEqualTo(0);
        assertThat(zero.step(gradient).spikes()).isEqualTo(0);
        assertThat(none.bits()).isEqualTo(zero.bits());
      }
    }
  }

  // ---- one part without the other

  @Property(tries = 30, seed = "2")
  void clippingWithoutReset_isAdamWThatClips(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 50) int theta) {
    var random = new Random(seed);
    var spam =
        clipping(SpikeAction.CLIP)
            .spikeThreshold(theta)
            .epsilon(1e-8)
            .epsilonMode(EpsilonMode.CORRECTED)
            .weightDecayMode(WeightDecayMode.BEFORE);
    var adamW =
        AdamW.builder()
            .weightDecay(0)
            .learningRate(0.1)
            .group("w", group -> group.spikeThreshold(theta));
    long spikes = 0;
    try (var one = new Runs(spam, new float[40]);
        var other = new Runs(adamW, new float[40])) {
      for (int t = 0; t < 20; t++) {
        float[] gradient = Runs.draw(random, 40, 5);
        StepReport report = one.step(gradient);
        assertThat(other.step(gradient).spikes()).isEqualTo(report.spikes());
        assertThat(report.isMomentumReset()).isFalse();
        assertThat(other.bits()).isEqualTo(one.bits());
        spikes += report.spikes();
      }
    }
    assertThat(spikes).isPositive();
  }

  @Test
  void tensorWithoutGradientAtAReset_startsAnewWithItsNextOne() {
    var builder =
        clipping(SpikeAction.CLIP)
            .resetInterval(3)
            .rewarmSteps(0)
            .epsilon(0)
            .spikeReference(SpikeReference.CORRECTED)
            .biasCorrection(BiasCorrection.SINCE_RESET);
    try (var run = new Runs(builder, 0f)) {
      run.step(1);
      run.step(1);
      run.stepWithoutGradient(); // the reset
      assertThat(run.first()).containsExactly(0);
      float before = run.weights[0];
      assertThat(run.step(-7).spikes()).isEqualTo(0);
      assertThat((double) run.weights[0] - before).isCloseTo(0.1, within(1e-7)); // a first step
      assertThat(run.step(-15).spikes()).isEqualTo(1); // 225 > 4 * 49
    }
  }

  @Property(tries = 30, seed = "3")
  void resetWithoutClipping_isOneAdamAfterTheOther(@ForAll long seed) {
    var random = new Random(seed);
    int interval = 7;
    var resetting =
        Spam.builder()
            .spikeThreshold(0)
            .resetInterval(interval)
            .rewarmSteps(0)
            .biasCorrection(BiasCorrection.SINCE_RESET)
            .epsilonMode(EpsilonMode.CORRECTED);
    try (var run = new Runs(resetting, new float[40])) {
      var adam = new Runs(Adam.builder().epsilon(1e-6), new float[40]);
      for (int t = 1; t <= 20; t++) {
        if (t % interval == 0) {
          adam.close();
          adam = new Runs(Adam.builder().epsilon(1e-6), run.weights);
        }
        float[] gradient = Runs.draw(random, 40, 5);
        assertThat(run.step(gradient).spikes()).isEqualTo(0);
        adam.step(gradient);
        assertThat(run.bits()).isEqualTo(adam.bits());
      }
      adam.close();
    }
  }

  @Test
  void correctedReference_comparesWithTheMeanSquareItself() {
    var builder = clipping(SpikeAction.CLIP).spikeReference(SpikeReference.CORRECTED);
    try (var run = new Runs(builder.resetInterval(4), 0, 0)) {
      run.step(1, 1); // v = 0.001, v^ = 1
      StepReport report = run.step(2.5f, -1.9f); // 6.25 > 4, 3.61 is not
      assertThat(report.spikes()).isEqualTo(1);
      assertClose(run.first()[0], 0.9 * 0.1 + 0.1 * 2);
      assertClose(run.second()[0], 0.000999 + 0.004);
      // v^ = 0.004999 / 0.001999 = 2.50075: now 9 is none, 10.1 is one
      assertThat(run.step(3, 0).spikes()).isEqualTo(0);
      run.step(1, 1); // a reset
      assertThat(run.step(2.01f, 1.99f).spikes()).isEqualTo(1);
      assertThat(run.second()[0]).isCloseTo(0.004999f, within(1e-8f));
    }
  }

  // ---- AMSGrad

  @Test
  void amsgrad_dividesByTheLargestSecondMoment() {
    var builder = Adam.builder().amsgrad(true).betas(0.5, 0.5).learningRate(0.1).epsilon(0.25);
    try (var run = new Runs(builder, 0f)) {
      run.step(4); // m = 2, v = 8
      assertClose(run.weights[0], -0.1 * 4 / (4 + 0.25));
      double before = run.weights[0];
      run.step(-1); // m = 0.5, v = 4.5, the largest stays 8
      assertState(run, "max_exp_avg_sq", 8);
      assertThat(run.second()).containsExactly(4.5f);
      double moved = -0.1 * (0.5 / 0.75) / (Math.sqrt(8 / 0.75) + 0.25);
      assertThat(run.weights[0] - before).isCloseTo(moved, within(1e-8));
      run.step(10); // v = 52.25
      assertState(run, "max_exp_avg_sq", 52.25);
      run.step(Float.NaN);
      assertState(run, "max_exp_avg_sq", 52.25);
      assertThat(run.optimizer.memory().moments()).isEqualTo(12);
    }
  }

  @Property(tries = 20, seed = "5")
  void amsgrad_ofGradientsThatOnlyGrow_isAdam(
      @ForAll @DoubleRange(min = 1, max = 2) double growth) {
    try (var ams = new Runs(AdamW.builder().amsgrad(true), 1f, -0f);
        var plain = new Runs(AdamW.builder(), 1f, -0f)) {
      float[] gradient = {1, -0.1f};
      for (int t = 0; t < 50; t++) {
        ams.step(gradient);
        plain.step(gradient);
        assertThat(Arrays.equals(ams.bits(), plain.bits())).isTrue();
        gradient[0] *= (float) growth;
        gradient[1] *= (float) growth;
      }
    }
  }
}
