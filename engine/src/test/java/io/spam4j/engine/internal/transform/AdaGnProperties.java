package io.spam4j.engine.internal.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Drawn;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Probe;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.internal.math.Correction;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/**
 * The invariants G1 to G7 of AdaGN; G8 is in TransformChainProperties, G9 to G11 in StableSpamTest.
 */
final class AdaGnProperties {
  private static final double ULP = 0x1p-23;

  private static GradientTransform adaGN(double meanDecay, double squareDecay, double epsilon) {
    return new GradientTransform.AdaGN(meanDecay, squareDecay, epsilon, true);
  }

  /** B_k of G2: the most that k norms can make of the last, whatever they were. */
  private static double bound(double g1, double g2, int k) {
    double sum = 0;
    for (int i = 0; i < k; i++) {
      double w1 = (1 - g1) * Math.pow(g1, i) / Correction.of(g1, k);
      double w2 = (1 - g2) * Math.pow(g2, i) / Correction.of(g2, k);
      sum += w1 * w1 / w2;
    }
    return Math.sqrt(sum);
  }

  /** G1 and G2: gamma1^2 &lt; gamma2; n far from float's limits, so that the factor is normal. */
  @Property(tries = 60, seed = "1")
  void g1AndG2_normIsTheTarget_whichIsBounded_andTheDirectionStays(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 9000) int n,
      @ForAll @DoubleRange(min = 0, max = 0.9) double g1) {
    var random = new Random(seed);
    double g2 = g1 * g1 + (1 - g1 * g1) * random.nextDouble();
    double eps = random.nextBoolean() ? 0 : 1e-8;
    try (var probe = new Probe(n, adaGN(g1, g2, eps))) {
      for (int k = 1; k <= (n > 100 ? 3 : 30); k++) {
        float[] gradient = Drawn.spiky(random, n);
        float loudness = (float) Math.exp(5 * random.nextGaussian());
        for (int i = 0; i < n; i++) {
          gradient[i] *= loudness;
        }
        gradient[random.nextInt(n)] = 0;
        float[] seen = probe.of(gradient);
        double c =
            probe.scalar("m_norm_t")
                / Correction.of(g1, k)
                / (Math.sqrt(probe.scalar("v_norm_t") / Correction.of(g2, k)) + eps);
        if (Drawn.norm(gradient) > 0) {
          assertThat(Drawn.norm(seen)).isCloseTo(c, within(c * 2 * ULP));
          double factor = c / Drawn.norm(gradient);
          for (int i = 0; i < n; i += 1 + n / 50) {
            double exact = gradient[i] * factor;
            assertThat((double) seen[i]).isCloseTo(exact, within(Math.abs(exact) * ULP));
          }
        }
        assertThat(c).isBetween(0.0, bound(g1, g2, k) * (1 + 1e-12));
      }
    }
  }

  @Test
  void g2_bounds_areThoseOfTheSpecification() {
    assertThat(bound(.7, .9, 2)).isCloseTo(1.0077, within(5e-5));
    assertThat(bound(.7, .9, 2000)).isCloseTo(1.4056, within(5e-5));
    assertThat(bound(.85, .99999, 50)).isCloseTo(2.01, within(5e-3));
    assertThat(bound(.6, .999, 1000)).isCloseTo(12.6, within(5e-2));
  }

  @Property(tries = 100, seed = "3")
  void g3_constantNorm_isItselfOverItselfPlusEpsilon(
      @ForAll @DoubleRange(min = 0.01, max = 1e6) double size,
      @ForAll @DoubleRange(min = 0, max = 1) double epsilon) {
    float n = (float) size;
    try (var probe = new Probe(2, adaGN(.7, .9, epsilon))) {
      for (int k = 0; k < 20; k++) {
        double seen = Drawn.norm(probe.of(k % 2 == 0 ? n : 0, k % 2 == 0 ? 0 : -n));
        assertThat(seen).isCloseTo(n / (n + epsilon), within(2 * ULP));
      }
    }
  }

  /** G4: the norm of a spike of relative size A after a long time of norm 1. */
  @Test
  void g4_singleSpike_getsTheNormOfTheFormula_notMore() {
    double[][] decays = {{.7, .9}, {.6, .95}, {.5, .99}};
    for (double[] g : decays) {
      for (double a : new double[] {0, 0.5, 1, 3.86, 50, 1e4, 1e8}) {
        try (var probe = new Probe(1, adaGN(g[0], g[1], 0))) {
          for (int k = 0; k < 1500; k++) { // 0.99^1500 = 3e-7
            probe.of(1);
          }
          float spike = (float) Math.max(a, 1e-20);
          double expected = ((1 - g[0]) * a + g[0]) / Math.sqrt((1 - g[1]) * a * a + g[1]);
          assertThat((double) probe.of(spike)[0]).isCloseTo(expected, within(expected * 1e-6));
          double peak = Math.sqrt((1 - g[0]) * (1 - g[0]) / (1 - g[1]) + g[0] * g[0] / g[1]);
          assertThat(expected).isLessThanOrEqualTo(peak * (1 + 1e-12));
        }
      }
    }
  }

  /** G5: eps = 0 and a power of two, without over- or underflow. */
  @Property(tries = 50, seed = "5")
  void g5_scaleOfTheGradients_doesNotMatter(
      @ForAll long seed, @ForAll @IntRange(min = -40, max = 40) int exponent) {
    var random = new Random(seed);
    try (var plain = new Probe(60, adaGN(.7, .9, 0));
        var scaled = new Probe(60, adaGN(.7, .9, 0))) {
      for (int k = 0; k < 10; k++) {
        float[] gradient = Drawn.spiky(random, 60);
        float[] larger = new float[60];
        for (int i = 0; i < 60; i++) {
          larger[i] = Math.scalb(gradient[i], exponent);
        }
        Snapshot.assertSame(scaled.of(larger), plain.of(gradient));
      }
    }
  }

  @Test
  void g6_zeroGradient_staysZero_andIsFinite() {
    for (double epsilon : new double[] {0, 1e-8}) {
      try (var probe = new Probe(2, adaGN(.5, .5, epsilon))) {
        assertThat(probe.of(0, 0)).containsExactly(0, 0);
        assertThat(probe.scalar("m_norm_t")).isEqualTo(0);
        probe.of(3, 4);
        assertThat(probe.of(0, 0)).containsExactly(0, 0);
        assertThat(probe.scalar("m_norm_t")).isEqualTo(1.25); // it counts: 2.5 / 2
        assertThat(probe.scalar("norm_count")).isEqualTo(3);
      }
    }
  }

  @Test
  void g7_normThatIsNoFloat_isStillANorm() {
    int n = 10_000;
    float[] gradient = new float[n];
    Arrays.fill(gradient, 3e38f);
    try (var probe = new Probe(n, adaGN(.7, .9, 1e-8))) {
      float[] seen = probe.of(gradient);
      assertThat(probe.scalar("m_norm_t")).isCloseTo(3e40 * 0.3, within(1e35));
      // the factor 1 / 3e40 is a subnormal float, exact to 2^-149 * 3e40 = 4.2e-5
      assertThat(Drawn.norm(seen)).isCloseTo(1, within(4.3e-5));
    }
  }
}
