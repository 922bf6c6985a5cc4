package io.spam4j.cuda.optimizer;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.EpsilonMode;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.SpikeReference;
import io.spam4j.engine.options.WarmupCurve;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.ZeroSecondMoment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random settings of all that a device takes, extremes included. */
final class DrawnSettings {
  private final Random random;

  DrawnSettings(Random random) {
    this.random = random;
  }

  private double of(double... values) {
    return values[random.nextInt(values.length)];
  }

  private <E extends Enum<E>> E of(Class<E> type) {
    return one(type.getEnumConstants());
  }

  @SafeVarargs
  private <T> T one(T... values) {
    return values[random.nextInt(values.length)];
  }

  /** An optimizer of any kind. */
  MomentBuilder<?> draw() {
    MomentBuilder<?> builder =
        switch (random.nextInt(6)) {
          case 0 ->
              sparsify(Adam.builder()).amsgrad(random.nextInt(3) == 0).transforms(transforms());
          case 1 ->
              sparsify(AdamW.builder()).amsgrad(random.nextInt(3) == 0).transforms(transforms());
          case 2, 3 -> sparsify(spam()).transforms(transforms());
          case 4 -> stableSpam(StableSpam.Preset.REFERENCE);
          default -> sparsify(stableSpam(one(StableSpam.Preset.BF16, StableSpam.Preset.FOUR_BIT)));
        };
    return builder
        .betas(of(0, 0.5, 0.9, random.nextDouble()), of(0, 0.9, 0.999, 0.9999999))
        .epsilon(of(0, 1e-30, 1e-8, 1e-6, 1))
        .learningRate(of(0, 1e-30, 1e-3, 1e-2, 1, 1e10))
        .weightDecay(of(0, 0.1, 1))
        .nonFinite(of(NonFinitePolicy.class));
  }

  private <B extends MomentBuilder<B>> B sparsify(B builder) {
    if (random.nextBoolean()) {
      return builder;
    }
    builder.density(of(0.01, 0.3, 0.9)).seed(random.nextLong());
    if (random.nextInt(4) > 0) {
      builder.maskSelection(
          one(
              MaskSelection.largestWeights(),
              MaskSelection.largestGradients(),
              new MaskSelection.Random(MaskSampling.EXACT),
              new MaskSelection.Random(MaskSampling.EXACT_THEN_BERNOULLI),
              MaskSelection.given((name, interval) -> new long[] {interval % 2}),
              MaskSelection.given((name, interval) -> new long[] {})));
    }
    return builder.overlap(of(MomentOverlap.class));
  }

  private Spam.Builder spam() {
    return Spam.builder()
        .resetInterval(random.nextInt(4))
        .rewarmSteps(random.nextInt(4))
        .spikeGraceSteps(random.nextInt(3))
        .spikeThreshold(of(0, 1e-30, 1e-3, 1, 50, 5000, 1e30))
        .initialWarmup(random.nextBoolean())
        .epsilonMode(of(EpsilonMode.class))
        .weightDecayMode(of(WeightDecayMode.class))
        .biasCorrection(of(BiasCorrection.class))
        .zeroSecondMoment(of(ZeroSecondMoment.class))
        .spikeAction(one(SpikeAction.CLIP, SpikeAction.NULLIFY))
        .spikeReference(of(SpikeReference.class))
        .warmupCurve(one(WarmupCurve.AUTHORS, new WarmupCurve(0.5, 1, 0)))
        .resetsAtStart(random.nextInt(4) == 0)
        .resetsMissingGradients(random.nextBoolean());
  }

  private StableSpam.Builder stableSpam(StableSpam.Preset preset) {
    return StableSpam.builder(preset)
        .transforms(norm())
        .adaClip(random.nextInt(4) > 0)
        .adaGN(random.nextInt(4) > 0)
        .normDecays(of(0, 0.7, random.nextDouble()), of(0, 0.9, random.nextDouble()))
        .clipDecay(of(0, 0.999, random.nextDouble()))
        .resetInterval(random.nextInt(4))
        .spikeThreshold(of(0, 1, 50))
        .spikeGraceSteps(random.nextInt(3));
  }

  /** At most one of each form, in the order of the fused update. */
  private GradientTransform[] transforms() {
    List<GradientTransform> chain = new ArrayList<>(List.of(norm()));
    if (random.nextInt(3) == 0) {
      chain.add(GradientTransform.adaClip(of(0, 0.9, 0.999)));
    }
    if (random.nextInt(3) == 0) {
      boolean empty = random.nextBoolean();
      chain.add(new GradientTransform.AdaGN(random.nextDouble(), of(0, 0.9), 1e-8, empty));
    }
    if (random.nextInt(3) == 0) {
      chain.add(GradientTransform.value(size()));
    }
    return chain.toArray(GradientTransform[]::new);
  }

  private GradientTransform[] norm() {
    return switch (random.nextInt(4)) {
      case 0 -> new GradientTransform[] {GradientTransform.globalNorm(size())};
      case 1 ->
          new GradientTransform[] {
            new GradientTransform.ZClip(random.nextDouble(), of(0.1, 2.5), 2)
          };
      default -> new GradientTransform[0];
    };
  }

  private double size() {
    return of(1e-30, 0.1, 1, 1e3, 1e30);
  }
}
