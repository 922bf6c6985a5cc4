package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Each transform against numbers worked by hand. */
final class TransformSpecificationTest {
  private static final Offset<Double> CLOSE = within(1e-14);

  private static double[] of(double... values) {
    return values;
  }

  /**
   * Decay 1/2. First M = 4: T = 2, T^ = 2 / (1/2) = 4, nothing is larger. Then M = 12: T = 1 + 6 =
   * 7, T^ = 7 / (3/4) = 28/3: 12 becomes 12/12 * 28/3 and 10 becomes 10/12 * 28/3 = 70/9. Then all
   * is zero: T = 3.5 and nothing is clipped.
   */
  @Test
  void adaClip_limitsToTheRunningMeanOfTheLargest() {
    var clip = new TransformSpecification.AdaClip();
    clip.gamma3 = .5;
    double[] g = {3, -4};
    clip.apply(g);
    assertThat(g).containsExactly(3, -4);
    g = of(-12, 10, 9);
    clip.apply(g);
    assertThat(g).containsExactly(of(-28. / 3, 70. / 9, 9), CLOSE);
    g = of(0, 0);
    clip.apply(g);
    assertThat(g).containsExactly(0, 0);
    assertThat(clip.mMax).isEqualTo(3.5);
  }

  /**
   * Gammas 1/2 and 3/4, eps 0. First n = 5: mu^ = 2.5 / 0.5 = 5, nu^ = 6.25 / 0.25 = 25, c = 1.
   * Then n = 10: mu = 6.25, mu^ = 25/3; nu = 0.75 * 6.25 + 25 = 29.6875, nu^ = 29.6875 / 0.4375 =
   * 475/7; c = 25/3 / sqrt(475/7) = 1.0116282978.
   */
  @Test
  void adaGn_setsTheNormToTheMeanOverTheRootOfTheMeanSquare() {
    var norm = new TransformSpecification.AdaGn();
    norm.gamma1 = .5;
    norm.gamma2 = .75;
    norm.eps = 0;
    double[] g = {3, 4};
    norm.apply(g);
    assertThat(g).containsExactly(of(.6, .8), CLOSE);
    g = of(0, -10);
    norm.apply(g);
    assertThat(g).containsExactly(of(0, -25. / 3 / Math.sqrt(475. / 7)), CLOSE);
    assertThat(g[1]).isCloseTo(-1.0116282978, within(1e-10));
  }

  /** C = 5 / (sqrt(25) + 5) = 1/2. */
  @Test
  void adaGn_addsEpsToTheRoot() {
    var norm = new TransformSpecification.AdaGn();
    norm.eps = 5;
    double[] g = {3, 4};
    norm.apply(g);
    assertThat(g).containsExactly(of(.3, .4), CLOSE);
  }

  /** Mu = 0.3 * 5 = 1.5 and nu = 0.1 * 25 = 2.5, then times 0.7 and 0.9. */
  @Test
  void adaGn_countsAZeroNorm() {
    var norm = new TransformSpecification.AdaGn();
    norm.apply(of(3, 4));
    double[] g = {0, 0};
    norm.apply(g);
    assertThat(g).containsExactly(0, 0);
    assertThat(norm.mNorm).isCloseTo(1.05, CLOSE);
    assertThat(norm.vNorm).isCloseTo(2.25, CLOSE);
    assertThat(norm.k).isEqualTo(2);
  }

  /**
   * First n = 5: c = 1. Then n = 10: mu = 0.6 * 2 + 0.4 * 10 = 5.2, mu^ = 5.2 / 0.64 = 8.125; nu =
   * 0.999 * 0.025 + 0.001 * 100 = 0.124975, nu^ = 0.124975 / 0.001999 = 62.518759; c = 8.125 /
   * 7.906884 = 1.027586. What lies between leaves no trace.
   */
  @Test
  void gradientStabilizer_skipsNormsOfZeroAndThatAreNotFinite() {
    var norm = TransformSpecification.AdaGn.gradientStabilizer();
    double[] g = {3, 4};
    norm.apply(g);
    assertThat(g).containsExactly(of(.6, .8), within(1e-12));
    norm.apply(of(0, 0));
    g = of(Double.POSITIVE_INFINITY, 1);
    norm.apply(g);
    assertThat(g).containsExactly(Double.POSITIVE_INFINITY, 1);
    g = of(Double.NaN, 1);
    norm.apply(g);
    assertThat(g[1]).isEqualTo(1);
    assertThat(norm.k).isEqualTo(1);
    g = of(6, 8);
    norm.apply(g);
    double c = 8.125 / Math.sqrt(.124975 / .001999);
    assertThat(c).isCloseTo(1.027586, within(1e-6));
    assertThat(g).containsExactly(of(.6 * c, .8 * c), within(1e-12));
  }

  /** The norm of all is 5, the factor 2 / 5.000001. */
  @Test
  void globalNormClip_scalesAllTensorsAlike() {
    double[] a = {3};
    double[] b = {0, -4};
    TransformSpecification.globalNormClip(2, a, b);
    assertThat(a).containsExactly(of(6 / 5.000001), CLOSE);
    assertThat(b).containsExactly(of(0, -8 / 5.000001), CLOSE);
  }

  /** At norm 5 and limit 5 torch still divides by 5.000001; below 4.999999 nothing happens. */
  @Test
  void globalNormClip_neverScalesUp() {
    double[] g = {3, 4};
    TransformSpecification.globalNormClip(5.1, g);
    assertThat(g).containsExactly(3, 4);
    TransformSpecification.globalNormClip(5, g);
    assertThat(g).containsExactly(of(15 / 5.000001, 20 / 5.000001), CLOSE);
  }

  @Test
  void valueClip_limitsBothSigns() {
    double[] g = {-3, -1, 0, .5, 2};
    TransformSpecification.valueClip(1, g);
    assertThat(g).containsExactly(-1, -1, 0, .5, 1);
  }

  /**
   * Lambda 0.01, eps 1e-3. Row 1: limit 0.01 * 5 = 0.05, norm 50, so times 0.001. Row 2: weights 0,
   * limit 0.01 * 0.001 = 1e-5, norm 0.01, so times 0.001. Row 3: limit 0.13, norm 0.13: stays.
   */
  @Test
  void agc_limitsEachRow() {
    double[] w = {3, 4, 0, 0, 5, 12};
    double[] g = {30, 40, .006, .008, .05, .12};
    TransformSpecification.agc(.01, 1e-3, new long[] {3, 2}, w, g);
    assertThat(g).containsExactly(of(.03, .04, 6e-6, 8e-6, .05, .12), CLOSE);
  }

  /**
   * A vector is one unit: limit 0.01 * 13, norm 1.3. A row of a 1 by 2 by 2 tensor is all of it.
   */
  @Test
  void agc_takesAVectorAsAWhole_andAllDimensionsButTheFirst() {
    double[] g = {1.2, .5};
    TransformSpecification.agc(.01, 1e-3, new long[] {2}, of(5, 12), g);
    assertThat(g).containsExactly(of(.12, .05), CLOSE);
    g = of(1, 1, 1, 1);
    TransformSpecification.agc(.01, 1e-3, new long[] {1, 2, 2}, of(3, 4, 0, 0), g);
    assertThat(g).containsExactly(of(.025, .025, .025, .025), CLOSE);
  }

  /**
   * Twelve norms of 1, one of 2, twelve of 3: mean 2, variance 24/25 = 0.96. Then a norm 5
   * deviations above the mean, s = sqrt(0.96): z* = 6.25 / 5 = 1.25, so it becomes 2 + 1.25 s =
   * 3.2247. Mean 0.97 * 2 + 0.03 * (2 + 1.25 s) = 2 + 0.0375 s; variance 0.97 * 0.96 + 0.03 * (1.25
   * * 0.97 s)^2 = 0.9312 + 0.03 * 1.41135 = 0.9735405.
   */
  @Test
  void zClip_bringsASpikeNearTheMean_andCountsWhatItBecame() {
    var clip = warm();
    assertThat(clip.mean).isCloseTo(2, CLOSE);
    assertThat(clip.variance).isCloseTo(.96, CLOSE);
    double s = Math.sqrt(.96);
    double n = 2 + 5 * s;
    double[] a = {.6 * n};
    double[] b = {-.8 * n};
    clip.apply(a, b);
    assertThat(a).containsExactly(of(.6 * (2 + 1.25 * s)), CLOSE);
    assertThat(b).containsExactly(of(-.8 * (2 + 1.25 * s)), CLOSE);
    assertThat(clip.mean).isCloseTo(2 + .0375 * s, CLOSE);
    assertThat(clip.variance).isCloseTo(.9735405, CLOSE);
  }

  /** 4 lies 2.04 deviations above: mean 1.94 + 0.12 = 2.06, variance 0.9312 + 0.03 * 1.94^2. */
  @Test
  void zClip_leavesWhatIsNoSpike() {
    var clip = warm();
    double[] g = {4};
    clip.apply(g);
    assertThat(g).containsExactly(4);
    assertThat(clip.mean).isCloseTo(2.06, CLOSE);
    assertThat(clip.variance).isCloseTo(.9312 + .03 * 1.94 * 1.94, CLOSE);
  }

  /** Without deviation any larger norm is infinitely many of them away: it becomes the mean. */
  @Test
  void zClip_ofConstantNorms_clipsToTheMean() {
    var clip = new TransformSpecification.ZClip();
    for (int t = 1; t <= 30; t++) {
      double[] g = {2};
      clip.apply(g);
      assertThat(g).containsExactly(2);
    }
    double[] g = {6};
    clip.apply(g);
    assertThat(g[0]).isCloseTo(2, CLOSE);
    assertThat(clip.variance).isCloseTo(0, CLOSE);
  }

  /** After the first 25 norms, which are never clipped. */
  private static TransformSpecification.ZClip warm() {
    var clip = new TransformSpecification.ZClip();
    for (int t = 1; t <= 25; t++) {
      double[] g = {t <= 12 ? 1 : t == 13 ? 2 : 3};
      double before = g[0];
      clip.apply(g);
      assertThat(g).containsExactly(before);
    }
    return clip;
  }
}
