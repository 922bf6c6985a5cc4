package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the recorded traces do not show of the baselines, worked by hand. */
final class BaselineSpecificationTest {
  /**
   * Betas 1/2, gradients 1 and 0. Step 1: m^ = 1, v^ = 1, w = -lr. Step 2: m = 1/4, m^ = 1/3; the
   * largest v is 1/2, over 3/4 it is 2/3 (v itself is 1/4, corrected 1/3).
   */
  @ParameterizedTest
  @CsvSource({"true, 0.4082482904638631", "false, 0.5773502691896258"})
  void amsgrad_keepsTheLargestSecondMoment(boolean amsgrad, double step) {
    var spec = new AdamSpecification(0);
    spec.lr = 1;
    spec.beta1 = .5;
    spec.beta2 = .5;
    spec.eps = 0;
    spec.amsgrad = amsgrad;
    spec.step(new double[] {1});
    spec.step(new double[] {0});
    assertThat(spec.w[0]).isCloseTo(-1 - step, within(1e-15));
  }

  /** The mean of the row means is each matrix's own: both have u = 1 everywhere. */
  @Test
  void adafactor_treatsThreeDimensionsAsABatchOfMatrices() {
    var spec = adafactor(2, 2, 2);
    spec.step(new double[] {1, 1, 3, 3, 2, 2, 2, 2});
    assertThat(spec.w)
        .containsExactly(new double[] {-1, -1, -1, -1, -1, -1, -1, -1}, within(1e-15));
    assertThat(spec.r).containsExactly(1, 9, 4, 4);
    assertThat(spec.c).containsExactly(5, 5, 4, 4);
  }

  /** Row and column means 1/2, so u = sqrt(2) on the diagonal: its rms is 1, twice the limit. */
  @Test
  void adafactor_clipsTheUpdate() {
    var spec = adafactor(2, 2);
    spec.d = 0.5;
    spec.step(new double[] {1, 0, 0, 1});
    assertThat(spec.w)
        .containsExactly(new double[] {-Math.sqrt(.5), 0, 0, -Math.sqrt(.5)}, within(1e-15));
  }

  private static AdafactorSpecification adafactor(long... shape) {
    int elements = 1;
    for (long size : shape) {
      elements *= (int) size;
    }
    var spec = new AdafactorSpecification(shape, new double[elements]);
    spec.lr = 1;
    spec.relativeStep = false;
    spec.scaleParameter = false;
    return spec;
  }

  /** At step 1 the relative step is 1e-2, or 1e-6 with warm-up; the weights count as 1e-3. */
  @ParameterizedTest
  @CsvSource({"false, 1e-5", "true, 1e-9"})
  void adafactor_movesZeroWeights(boolean warmupInit, double step) {
    var spec = new AdafactorSpecification(new long[] {1}, 0);
    spec.warmupInit = warmupInit;
    spec.step(new double[] {3});
    assertThat(spec.w[0]).isCloseTo(-step, within(1e-20));
  }

  @Test
  void adafactor_ofZeroGradients_stands() {
    for (long[] shape : new long[][] {{4}, {2, 2}}) {
      var spec = new AdafactorSpecification(shape, 1, 2, 3, 4);
      spec.step(new double[4]);
      assertThat(spec.w).containsExactly(1, 2, 3, 4);
    }
  }

  /**
   * Lr 0.1, decay 0.5: w = 1 * 0.95 - 0.1 = 0.85, m = 0.02; then 0.9 * 0.02 - 0.1 * 0.1 &gt; 0, so
   * w = 0.85 * 0.95 - 0.1 = 0.7075 against the gradient, m = 0.99 * 0.02 - 0.01 * 0.1 = 0.0188. The
   * second weight has no gradient and decays only.
   */
  @Test
  void lion_followsTheSignOfTheInterpolation() {
    var spec = new LionSpecification(1, 1);
    spec.lr = .1;
    spec.weightDecay = .5;
    spec.step(new double[] {2, 0});
    assertThat(spec.w).containsExactly(new double[] {.85, .95}, within(1e-15));
    spec.step(new double[] {-.1, 0});
    assertThat(spec.w).containsExactly(new double[] {.7075, .9025}, within(1e-15));
    assertThat(spec.m).containsExactly(new double[] {.0188, 0}, within(1e-15));
  }

  /**
   * Step 1: m^ = g and v^ is the mean square: (9 + 49) / 2 = 29 and 0. With eps = 1: -3 / (sqrt(29)
   * + 1) and so on.
   */
  @Test
  void adamMini_sharesASecondMomentInABlock_andAddsEpsAfterTheCorrection() {
    var spec = new AdamMiniSpecification(2, 0, 0, 0, 0);
    spec.lr = 1;
    spec.eps = 1;
    spec.step(new double[] {3, 7, 0, 0});
    double root = Math.sqrt(29) + 1;
    assertThat(spec.w).containsExactly(new double[] {-3 / root, -7 / root, 0, 0}, within(1e-15));
    assertThat(spec.vMean).containsExactly(new double[] {.029, 0}, within(1e-15));
  }

  @ParameterizedTest
  @CsvSource({
    "model.embed_tokens.weight, 11, 11, true",
    "model.layers.0.self_attn.q_proj.weight, 8, 2, true",
    "model.layers.0.self_attn.k_proj.weight, 4, 1, true",
    "model.layers.0.self_attn.v_proj.weight, 4, 4, true",
    "model.layers.0.mlp.up_proj.weight, 12, 12, true",
    "model.layers.0.input_layernorm.weight, 0, 1, false",
  })
  void adamMini_cutsBlocksByName(String name, int rows, int blocks, boolean decays) {
    long[] shape = rows == 0 ? new long[] {8} : new long[] {rows, 8};
    assertThat(AdamMiniSpecification.blocks(name, shape, 8, 2)).isEqualTo(blocks);
    assertThat(AdamMiniSpecification.decays(name)).isEqualTo(decays);
  }
}
