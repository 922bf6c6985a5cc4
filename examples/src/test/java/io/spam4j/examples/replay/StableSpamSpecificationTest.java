package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class StableSpamSpecificationTest {
  private static final double[] START = {.5, -.25, 1, -2};

  private static StableSpamSpecification golden(int totalSteps) {
    var spec = StableSpamSpecification.reference(START);
    spec.lr = .01;
    spec.weightDecay = .1;
    spec.dT = 40;
    spec.totalSteps = totalSteps;
    return spec;
  }

  private static void assertWeights(StableSpamSpecification spec, int upTo, double... expected) {
    while (spec.t < upTo) {
      spec.step(Golden.gradient(spec.t + 1));
    }
    assertThat(spec.w).containsExactly(expected, within(1e-14));
  }

  @Test
  void goldenVectors_areReached() {
    var spec = golden(0);
    assertWeights(
        spec, 39, .34676993000843825, -.1836690052063256, 1.062062296452505, -1.9720805630017262);
    assertWeights(
        spec, 40, .3457252497279856, -.18239154171984218, 1.061698823089029, -1.968422276886362);
    assertWeights(
        spec, 41, .3528208919644747, -.17476780771078335, 1.0531959351850904, -1.9738952221804278);
    assertWeights(
        spec,
        200,
        .26414271405545325,
        -.04332250618941982,
        1.0729867489897986,
        -1.7100866786822964);
  }

  /** The page prints .3582883489789904 at 40; the vector at 200 and the traces say otherwise. */
  @Test
  void goldenVectorsOfASchedule_areReached_alsoAfterItsEnd() {
    var spec = golden(100);
    assertWeights(
        spec, 40, .3582882483789904, -.17448374133716388, 1.0481013759544562, -1.9711852442932338);
    assertWeights(
        spec, 200, .35442262904917066, .05183776907613517, 1.109617613453196, -1.6929745347255454);
  }

  /** Spec 2.2: T, mu and nu are not reset, but their corrections start anew. */
  @Test
  void sharedCounter_shrinksGradientsAfterAReset() {
    var spec = StableSpamSpecification.reference(1, 1);
    spec.dT = 200;
    assertThat(normsAfterReset(spec))
        .containsExactly(new double[] {.855, .792, .772, .769, .776}, within(5e-4));
  }

  @Test
  void independentCounter_keepsConstantGradientsAtNormOne() {
    var spec = new StableSpamSpecification(1, 1);
    spec.dT = 200;
    spec.sharedCounter = false;
    assertThat(normsAfterReset(spec)).containsExactly(new double[] {1, 1, 1, 1, 1}, within(1e-8));
  }

  /** The norms that AdaGN gives a constant gradient in the five steps after a reset. */
  private static double[] normsAfterReset(StableSpamSpecification spec) {
    double[] norms = new double[5];
    for (int t = 1; t <= 205; t++) {
      double before = spec.m[0];
      spec.step(new double[] {3, 4});
      if (t > 200) {
        norms[t - 201] = (spec.m[0] - .9 * before) / .1 / .6;
      }
    }
    return norms;
  }

  /**
   * A spike of 100 in the second step after a reset at 50, after ones only: T = .999 (1 - .999^51)
   * + .001 * 100 of 52 samples, which a shared counter takes for 3.
   */
  @Test
  void spikeAfterAReset_passesHalfIfTheCounterIsShared() {
    double largest = .999 * (1 - Math.pow(.999, 51)) + .001 * 100;
    var independent = new StableSpamSpecification(1);
    assertThat(clippedSpike(independent))
        .isCloseTo(largest / (1 - Math.pow(.999, 52)), within(1e-9)); // 2.95
    var shared = StableSpamSpecification.reference(1);
    assertThat(clippedSpike(shared))
        .isCloseTo(largest / (1 - Math.pow(.999, 3)), within(1e-9)); // 49.95
  }

  private static double clippedSpike(StableSpamSpecification spec) {
    spec.adaGn = false;
    spec.dT = 50;
    for (int t = 1; t <= 51; t++) {
      spec.step(new double[] {1});
    }
    double before = spec.m[0];
    spec.step(new double[] {100});
    return (spec.m[0] - .9 * before) / .1;
  }

  /** Spec 2.2: sqrt(1 - beta2) / (1 - beta1) times m / sqrt(v) of the 50 steps, 1.42. */
  @Test
  void aliasedReset_usesOldMoments_andLosesItsGradient() {
    var spec = StableSpamSpecification.reference(1, 1);
    spec.dT = 50;
    for (int t = 1; t < 50; t++) {
      spec.step(new double[] {3, 4});
    }
    double before = spec.w[0];
    spec.step(new double[] {3, 4});
    double expected =
        Math.sqrt(.001) / .1 * (1 - Math.pow(.9, 50)) / Math.sqrt(1 - Math.pow(.999, 50));
    assertThat(expected).isCloseTo(1.42, within(5e-3));
    assertThat((before - spec.w[0]) / spec.lr).isCloseTo(expected, within(1e-6));
    assertThat(spec.m).containsOnly(0);
    assertThat(spec.v).containsOnly(0);
  }

  @Test
  void g11_resetThenUpdate_isAFirstStepOfAdam() {
    var spec = new StableSpamSpecification(START);
    spec.dT = 40;
    double[] before = {};
    for (int t = 1; t <= 80; t++) {
      before = spec.w.clone();
      spec.step(Golden.gradient(t));
    }
    for (int i = 0; i < before.length; i++) {
      double g = spec.m[i] / .1;
      assertThat(spec.w[i] - before[i])
          .isCloseTo(-spec.lr * g / (Math.abs(g) + spec.eps), within(1e-15));
    }
  }

  @Test
  void g9_withoutItsParts_isAdamW() {
    var spec = new StableSpamSpecification(START);
    spec.adaClip = false;
    spec.adaGn = false;
    spec.dT = 0;
    spec.weightDecay = .1;
    var adamW = new AdamSpecification(START);
    adamW.decoupled = true;
    adamW.weightDecay = .1;
    var random = new Random(9);
    for (int t = 1; t <= 100; t++) {
      double[] gradient = random.doubles(4, -1, 1).toArray();
      spec.step(gradient);
      adamW.step(gradient);
    }
    assertThat(spec.w).isEqualTo(adamW.w);
  }

  @Test
  void g10_schedule_fallsToItsEnd_andStaysOrRises() {
    var spec = new StableSpamSpecification(1);
    assertThat(spec.schedule()).isEqualTo(1);
    spec.totalSteps = 9;
    // 0.5 + 0.25 (1 + cos(pi t / 10))
    spec.t = 5;
    assertThat(spec.schedule()).isCloseTo(.75, within(1e-15));
    spec.t = 10;
    assertThat(spec.schedule()).isCloseTo(.5, within(1e-15));
    spec.t = 15;
    assertThat(spec.schedule()).isCloseTo(.5, within(1e-15));
    spec.periodic = true;
    assertThat(spec.schedule()).isCloseTo(.75, within(1e-15));
    spec.t = 20;
    assertThat(spec.schedule()).isCloseTo(1, within(1e-15));
  }
}
