package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.internal.math.Correction;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.UnselectedWeights;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens to the weights that are not selected, against numbers worked by hand. */
final class UnselectedWeightsTest {
  private static <B extends MomentBuilder<B>> B second(B builder) {
    return builder
        .learningRate(0.1)
        .epsilon(0)
        .density(0.5)
        .maskSelection(SparseProperties.given(List.of(new int[] {1}, new int[] {1})));
  }

  @Test
  void sgd_takesThePlainGradientByTheSameStepSize() {
    var spam = second(Spam.builder()).resetInterval(2).unselected(UnselectedWeights.SGD);
    try (var run = new Runs(spam, 1, 2, 3)) {
      StepReport report = run.step(0.5f, -1, Float.NaN);
      // step size 0.1 sqrt(0.001) / 0.1 = 0.0316228; the selected one: m / sqrt(v) = -3.16228
      assertThat(run.weights[0]).isCloseTo((float) (1 - Math.sqrt(0.001) * 0.5), within(1e-7f));
      assertThat(run.weights[1]).isCloseTo(2.1f, within(1e-6f));
      assertThat(run.weights[2]).isEqualTo(3);
      assertThat(report.skippedCoordinates()).isEqualTo(1);
      float before = run.weights[2];
      run.step(0, 0, -4);
      // a reset: s = 0.01; 0.1 * 0.01 sqrt(1 - 0.999^2) / (1 - 0.9^2)
      double step = 0.001 * Math.sqrt(0.001999) / 0.19;
      assertThat(run.weights[2]).isCloseTo((float) (before + 4 * step), within(1e-6f));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {16_384, 2 * 16_384 + 5})
  void sgd_movesEachUnselectedWeightOnce_overSeveralPieces(int count) {
    var random = new Random(count);
    int n = count + 500;
    int[] mask = SparseProperties.mask(random, n, count);
    var adam = Adam.builder().density(0.5).maskSelection(SparseProperties.given(List.of(mask)));
    float[] gradient = Runs.draw(random, n, 1000);
    try (var frozen = new Runs(adam, new float[n]);
        var run = new Runs(adam.unselected(UnselectedWeights.SGD), new float[n])) {
      frozen.step(gradient);
      run.step(gradient);
      double root = Math.sqrt(Correction.of(0.999, 1));
      float step = (float) (1e-3 * root / Correction.of(0.9, 1));
      float[] expected = frozen.weights.clone();
      for (int i = 0; i < n; i++) {
        if (Arrays.binarySearch(mask, i) < 0) {
          assertThat(expected[i]).isEqualTo(0);
          expected[i] -= step * gradient[i];
        }
      }
      Snapshot.assertSame(run.weights, expected);
    }
  }

  @Test
  void sgd_withALearningRateOfZero_leavesEveryBit() {
    var adam = second(Adam.builder()).learningRate(0).unselected(UnselectedWeights.SGD);
    try (var run = new Runs(adam, -0f, -0f, -0f)) {
      run.step(-1, -1, 1);
      Snapshot.assertSame(run.weights, new float[] {-0f, -0f, -0f});
    }
  }

  @Test
  void sgd_sumsUpWhatTheTransformsDid_eachCoordinateOnce() {
    GradientTransform limit = GradientTransform.value(2);
    GradientTransform nothing = GradientTransform.value(Float.MAX_VALUE);
    var adam = second(Adam.builder()).unselected(UnselectedWeights.SGD);
    try (var fused = new Runs(adam.transforms(limit), 1, 2, 3);
        var copied = new Runs(adam.transforms(nothing, limit), 1, 2, 3);
        var frozen =
            new Runs(
                adam.unselected(UnselectedWeights.FROZEN).transforms(nothing, limit), 1, 2, 3);
        var decayed =
            new Runs(adam.maskedWeightDecay(MaskedWeightDecay.ALL).weightDecay(0.1), 1, 2, 3)) {
      assertThat(fused.step(-5, 5, 1).clampedCoordinates()).isEqualTo(2);
      assertThat(copied.step(-5, 5, 1).clampedCoordinates()).isEqualTo(2);
      Snapshot.assertSame(copied.weights, fused.weights);
      double step = Math.sqrt(0.001);
      assertThat(fused.weights[0]).isCloseTo((float) (1 + step * 2), within(1e-7f));
      assertThat(fused.weights[2]).isCloseTo((float) (3 - step), within(3e-7f));
      assertThat(frozen.step(-5, 5, 1).clampedCoordinates()).isEqualTo(1);
      assertThat(decayed.step(-5, 5, 1).clampedCoordinates()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(MaskedWeightDecay.class)
  void sgd_takesNoPartInTheDecayOfOthers(MaskedWeightDecay which) {
    var adam =
        second(Adam.builder())
            .unselected(UnselectedWeights.SGD)
            .maskedWeightDecay(which)
            .weightDecay(0.5);
    double l2 = which == MaskedWeightDecay.ALL ? 0.5 : 0;
    try (var run = new Runs(adam, 1, 2, 4)) {
      run.step(3, 1, -1);
      double step = Math.sqrt(0.001);
      assertWeights(run, 1 - step * (3 + l2), 1.9, 4 - step * (-1 + l2 * 4));
    }
  }

  @ParameterizedTest
  @EnumSource(MaskedWeightDecay.class)
  void maskedWeightDecay_reachesSelectedOrAllOrNoWeights(MaskedWeightDecay which) {
    var after = second(Spam.builder()).maskedWeightDecay(which).weightDecay(0.5);
    var before = second(AdamW.builder()).maskedWeightDecay(which).weightDecay(0.5);
    var coupled = second(Adam.builder()).maskedWeightDecay(which).weightDecay(0.5);
    double step = Math.sqrt(0.001);
    double others = which == MaskedWeightDecay.ALL ? 0.05 : 0;
    double selected = which == MaskedWeightDecay.NONE ? 0 : 0.05;
    try (var spam = new Runs(after, 1, 2, 4);
        var adamW = new Runs(before, 1, 2, 4);
        var adam = new Runs(coupled, 1, 2, 4)) {
      spam.step(9, -1, 9);
      assertWeights(spam, 1 - others, 2.1 * (1 - selected), 4 * (1 - others));
      adamW.step(9, -1, 9);
      assertWeights(adamW, 1 - others, 2 * (1 - selected) + 0.1, 4 * (1 - others));
      adam.step(9, -0.25f, 9);
      // L2: the gradient is -0.25, or -0.25 + 0.5 * 2; of the others 0, or 0.5 w
      double sign = which == MaskedWeightDecay.NONE ? -1 : 1;
      assertWeights(adam, 1 - 10 * others * step, 2 - 0.1 * sign, 4 - 10 * others * step * 4);
    }
  }

  private static void assertWeights(Runs run, double... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) run.weights[i]).isCloseTo(expected[i], within(5e-7));
    }
  }
}
