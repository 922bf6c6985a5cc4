package io.spam4j.examples.replay;

import static io.spam4j.examples.replay.SideBySide.STEPS;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** The engine in float32 follows the specification in double, whatever the hyper-parameters. */
final class EngineProperties {
  private static final int N = 17;

  @Property(tries = 300, seed = "1")
  void spamReference_followsTheSpecification(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 60) int interval,
      @ForAll @IntRange(min = 0, max = 40) int rewarm,
      @ForAll @IntRange(min = 0, max = 30) int grace,
      @ForAll @IntRange(min = 0, max = 100) int theta,
      @ForAll @DoubleRange(min = 0, max = 0.3) double decay) {
    var random = new Random(seed);
    var spec = new SpamSpecification(SideBySide.start(random, N));
    spec.lr = 0.01;
    spec.dT = interval;
    spec.n = rewarm;
    spec.grace = grace;
    spec.theta = theta;
    spec.weightDecay = decay;
    var builder =
        Spam.builder(Spam.Preset.REFERENCE)
            .learningRate(spec.lr)
            .resetInterval(interval)
            .rewarmSteps(rewarm)
            .spikeGraceSteps(grace)
            .spikeThreshold(theta)
            .weightDecay(decay);
    assertFollows(random, spec, builder);
  }

  @Property(tries = 100, seed = "2")
  void spamDefaults_followTheSpecification_whichExemptsZeros(
      @ForAll long seed, @ForAll @IntRange(min = 10, max = 60) int interval) {
    var random = new Random(seed);
    var spec = new SpamSpecification(SideBySide.start(random, N));
    spec.dT = interval;
    spec.n = 5;
    spec.grace = 3;
    spec.exemptZero = true;
    var builder =
        Spam.builder()
            .resetInterval(interval)
            .rewarmSteps(5)
            .spikeGraceSteps(3)
            .resetsMissingGradients(false);
    assertFollows(random, spec, builder);
  }

  @Property(tries = 100, seed = "3")
  void adamFamily_followsTheSpecification(
      @ForAll long seed,
      @ForAll boolean decoupled,
      @ForAll boolean amsgrad,
      @ForAll @DoubleRange(min = 0, max = 0.3) double decay) {
    var random = new Random(seed);
    var spec = new AdamSpecification(SideBySide.start(random, N));
    spec.decoupled = decoupled;
    spec.amsgrad = amsgrad;
    spec.weightDecay = decay;
    assertFollows(
        random,
        spec,
        decoupled
            ? AdamW.builder().amsgrad(amsgrad).weightDecay(decay)
            : Adam.builder().amsgrad(amsgrad).weightDecay(decay));
  }

  private static void assertFollows(
      Random random, Specification spec, OptimizerBuilder<?> builder) {
    try (var both = new SideBySide(spec, builder)) {
      for (int t = 1; t <= STEPS; t++) {
        double[] gradient = SideBySide.gradient(random, spec.w().length);
        both.step(random.nextInt(12) == 0 ? null : gradient);
      }
    }
  }

  // ---- sparse momentum

  @Property(tries = 100, seed = "4")
  void sparseSpam_followsTheSpecification_atAnyDensity(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 60) int interval,
      @ForAll @IntRange(min = 0, max = 40) int rewarm,
      @ForAll @IntRange(min = 0, max = 50) int theta,
      @ForAll boolean exemptZero) {
    var random = new Random(seed);
    var spec = new SpamSpecification(SideBySide.start(random, 50));
    spec.lr = 0.01;
    spec.dT = interval;
    spec.n = rewarm;
    spec.grace = 3;
    spec.theta = theta;
    spec.exemptZero = exemptZero;
    List<int[]> masks = new ArrayList<>();
    for (int i = 0; i <= STEPS / interval; i++) {
      masks.add(mask(random, 50));
    }
    var preset = exemptZero ? Spam.Preset.DEFAULTS : Spam.Preset.REFERENCE;
    var builder =
        Spam.builder(preset)
            .learningRate(spec.lr)
            .resetInterval(interval)
            .rewarmSteps(rewarm)
            .spikeGraceSteps(3)
            .spikeThreshold(theta)
            .weightDecay(0.2)
            .maskedWeightDecay(MaskedWeightDecay.NONE)
            .resetsMissingGradients(false)
            .density(0.5)
            .maskSelection(
                MaskSelection.given(
                    (_, i) -> Arrays.stream(masks.get((int) i)).asLongStream().toArray()));
    spec.select(masks.getFirst());
    try (var both = new SideBySide(spec, builder)) {
      for (int t = 1; t <= STEPS; t++) {
        if (t % interval == 0) {
          spec.select(masks.get(t / interval));
        }
        double[] gradient = SideBySide.gradient(random, 50);
        both.step(random.nextInt(12) == 0 ? null : gradient);
      }
    }
  }

  /** Nothing, 2 %, everything, or a share between. */
  static int[] mask(Random random, int n) {
    double density =
        switch (random.nextInt(5)) {
          case 0 -> 0;
          case 1 -> 0.02;
          case 2 -> 1;
          default -> random.nextDouble();
        };
    return IntStream.range(0, n).filter(_ -> random.nextDouble() < density).toArray();
  }

  // ---- Stable-SPAM

  @Property(tries = 200, seed = "5")
  void stableSpam_followsTheSpecification(
      @ForAll long seed,
      @ForAll boolean reference,
      @ForAll boolean adaClip,
      @ForAll boolean adaGn,
      @ForAll @IntRange(min = 0, max = 60) int interval,
      @ForAll @IntRange(min = 0, max = 100) int total) {
    var random = new Random(seed);
    double[] start = SideBySide.start(random, N);
    var spec =
        reference ? StableSpamSpecification.reference(start) : new StableSpamSpecification(start);
    spec.lr = 0.01;
    spec.adaClip = adaClip;
    spec.adaGn = adaGn;
    spec.dT = interval;
    spec.totalSteps = total;
    spec.etaMin = random.nextDouble();
    spec.weightDecay = random.nextInt(2) * 0.1;
    spec.gamma1 = random.nextDouble();
    spec.gamma2 = 0.5 + random.nextDouble() / 2;
    spec.gamma3 = 0.9 + random.nextDouble() / 10;
    spec.eps = 1e-6;
    var preset = reference ? StableSpam.Preset.REFERENCE : StableSpam.Preset.FOUR_BIT;
    var builder =
        StableSpam.builder(preset)
            .learningRate(spec.lr)
            .adaClip(adaClip)
            .adaGN(adaGn)
            .resetInterval(interval)
            .betaSchedule(total, spec.etaMin)
            .weightDecay(spec.weightDecay)
            .normDecays(spec.gamma1, spec.gamma2)
            .clipDecay(spec.gamma3)
            .epsilon(spec.eps);
    try (var both = new SideBySide(spec, builder)) {
      for (int t = 1; t <= STEPS; t++) {
        // We reset a tensor that has no gradient too; the authors and the specification do not.
        boolean resets = interval != 0 && t % interval == 0;
        boolean absent = random.nextInt(12) == 0 && (reference || !resets);
        double[] gradient = SideBySide.gradient(random, N);
        both.step(absent ? null : gradient);
      }
    }
  }
}
