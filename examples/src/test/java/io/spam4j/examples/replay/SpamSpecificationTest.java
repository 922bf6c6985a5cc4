package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class SpamSpecificationTest {
  @Test
  void goldenVectors_areReached() {
    var spec = new SpamSpecification(.5, -.25, 1, -2);
    spec.lr = .01;
    spec.weightDecay = .1;
    spec.n = 10;
    spec.theta = 50;
    spec.dT = 60;
    for (int t = 1; t <= 200; t++) {
      spec.step(Golden.gradient(t));
      switch (t) {
        case 25 ->
            assertWeights(
                spec,
                .3996717624824863,
                -.1886234158362486,
                1.0421267918497912,
                -1.9951872439188605);
        case 60 ->
            assertWeights(
                spec,
                .36716473948052464,
                -.18314361287861583,
                1.0133927268938825,
                -1.920495397650582);
        case 61 ->
            assertWeights(
                spec,
                .3671088283877744,
                -.18273216040093537,
                1.0120723307774908,
                -1.9182635631290061);
        case 200 ->
            assertWeights(
                spec,
                .5114594615158754,
                -.08722148514440525,
                .7216684699016391,
                -1.6136672685343405);
        default -> {}
      }
    }
  }

  private static void assertWeights(SpamSpecification spec, double... expected) {
    assertThat(spec.w).containsExactly(expected, within(1e-14));
  }

  @Property(tries = 100, seed = "6")
  void s6_constantGradient_followsTheClosedForm(
      @ForAll @DoubleRange(min = -10, max = 10) double g,
      @ForAll @IntRange(min = 21, max = 60) int interval) {
    var spec = new SpamSpecification(0);
    spec.dT = interval;
    spec.n = 15;
    for (int t = 1; t <= 200; t++) {
      double before = spec.w[0];
      spec.step(new double[] {g});
      int k = t < interval ? t : t % interval + 1;
      double m = g * (1 - Math.pow(.9, k));
      double v = g * g * (1 - Math.pow(.999, k));
      double correction = Math.sqrt(1 - Math.pow(.999, t)) / (1 - Math.pow(.9, t));
      double expected = -spec.lr * spec.warmup() * correction * m / (Math.sqrt(v) + spec.eps);
      assertThat(spec.w[0] - before).isCloseTo(expected, within(1e-13));
    }
  }

  /** M1 and M5, over masks of every length, none included, that change at every reset. */
  @Property(tries = 100, seed = "5")
  void m5_selectedWeights_areASmallerDenseTensor(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 30) int interval) {
    var random = new Random(seed);
    int n = 9;
    var sparse = configured(interval, random.doubles(n, -1, 1).toArray());
    sparse.weightDecay = 0.1; // reaches no masked weight
    int[] mask = {};
    var dense = configured(interval);
    double[] weights = sparse.w.clone();
    for (int t = 1; t <= 100; t++) {
      if (t == 1 || t % interval == 0) {
        int bound = random.nextInt(5);
        mask = IntStream.range(0, n).filter(_ -> random.nextInt(4) < bound).toArray();
        sparse.select(mask);
        dense = configured(interval, at(mask, weights));
        dense.t = t - 1;
        dense.k = t - 1;
      }
      double[] gradient = random.doubles(n, -1, 1).map(g -> g * g * g * 100).toArray();
      sparse.step(gradient);
      dense.step(at(mask, gradient));
      for (int p = 0; p < mask.length; p++) {
        weights[mask[p]] = dense.w[p];
      }
      assertThat(sparse.w).isEqualTo(weights);
      assertThat(sparse.m).isEqualTo(dense.m);
      assertThat(sparse.v).isEqualTo(dense.v);
    }
  }

  private static SpamSpecification configured(int interval, double... weights) {
    var spec = new SpamSpecification(weights);
    spec.lr = 0.01;
    spec.dT = interval;
    spec.n = 5;
    spec.grace = 3;
    spec.theta = 5;
    return spec;
  }

  private static double[] at(int[] mask, double[] values) {
    return IntStream.of(mask).mapToDouble(i -> values[i]).toArray();
  }

  @Test
  void momentsOfWeightsSelectedAgain_goWithThem_untilTheReset() {
    var spec = new SpamSpecification(0, 0, 0, 0);
    spec.dT = 3;
    spec.select(0, 2);
    spec.step(new double[] {1, 2, 3, 4});
    spec.step(new double[] {0, 0, 0, 0});
    spec.select(1, 2, 3);
    // 3 was 0.3 after one step, 0.27 after the second
    assertThat(spec.m).containsExactly(new double[] {0, 0.27, 0}, within(1e-15));
    spec.step(null);
    assertThat(spec.m).containsExactly(new double[] {0, 0.27, 0}, within(1e-15));
    spec.step(new double[] {1, 1, 1, 1});
    spec.step(new double[] {1, 1, 1, 1});
    spec.step(new double[] {1, 1, 1, 1});
    assertThat(spec.m).containsExactly(new double[] {0.1, 0.1, 0.1}, within(1e-15));
  }

  @Test
  void zeroSecondMoment_isClippedToZeroOrExempt() {
    var authors = new SpamSpecification(1);
    var ours = new SpamSpecification(1);
    ours.exemptZero = true;
    for (int t = 1; t <= 20; t++) {
      double[] gradient = {t < 20 ? 0 : 7};
      authors.step(gradient);
      ours.step(gradient);
    }
    assertThat(authors.w[0]).isEqualTo(1);
    assertThat(ours.m[0]).isCloseTo(0.7, within(1e-15));
  }
}
