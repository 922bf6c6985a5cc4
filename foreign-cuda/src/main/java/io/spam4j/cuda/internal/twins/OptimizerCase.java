package io.spam4j.cuda.internal.twins;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import java.util.List;
import java.util.function.Supplier;

/** Every kind of optimizer and state that a device has. */
public record OptimizerCase(String name, Supplier<OptimizerBuilder<?>> builder) {
  public static final int RESET_INTERVAL = 25;

  public static final List<OptimizerCase> ALL =
      List.of(
          of("adam", Adam::builder),
          of("adamw", AdamW::builder),
          of("adamw-amsgrad", () -> AdamW.builder().amsgrad(true)),
          of("adamw-amsgrad-sparse", () -> AdamW.builder().amsgrad(true).density(0.3)),
          of("spam", OptimizerCase::spam),
          of("spam-nullify", () -> spam().spikeAction(SpikeAction.NULLIFY)),
          of("spam-reference", () -> resets(Spam.builder(Spam.Preset.REFERENCE)).density(0.4)),
          of("spam-paper", () -> resets(Spam.builder(Spam.Preset.PAPER_LITERAL)).density(0.4)),
          of("spam-kozistr", () -> resets(Spam.builder(Spam.Preset.KOZISTR))),
          of("spam-since-reset", () -> spam().biasCorrection(BiasCorrection.SINCE_RESET)),
          of("spam-keeps-missing", () -> spam().resetsMissingGradients(false)),
          of("sparse", () -> spam().density(0.3).seed(7)),
          of("sparse-group", () -> spam().group("*a*", group -> group.density(0.05))),
          of("sparse-keep", () -> spam().density(0.3).overlap(MomentOverlap.KEEP)),
          of("sparse-keeps-missing", () -> spam().density(0.3).resetsMissingGradients(false)),
          of(
              "sparse-weights",
              () -> spam().density(0.3).maskSelection(MaskSelection.largestWeights())),
          of(
              "sparse-gradients",
              () -> spam().density(0.3).maskSelection(MaskSelection.largestGradients())),
          of(
              "sparse-lines",
              () -> spam().density(0.3).maskSelection(MaskSelection.random().lines(8))),
          of(
              "sparse-given",
              () -> spam().density(0.3).maskSelection(MaskSelection.given(OptimizerCase::given))),
          of("skip-step", () -> spam().nonFinite(NonFinitePolicy.SKIP_STEP)),
          of("propagate", () -> spam().nonFinite(NonFinitePolicy.PROPAGATE)),
          of("stable-spam", () -> stableSpam(StableSpam.Preset.FOUR_BIT)),
          of("stable-spam-sparse", () -> stableSpam(StableSpam.Preset.BF16).density(0.3)),
          of("stable-spam-reference", () -> stableSpam(StableSpam.Preset.REFERENCE)),
          of("stable-spam-clip-only", () -> stableSpam(StableSpam.Preset.FOUR_BIT).adaGN(false)),
          of("stable-spam-norm-only", () -> stableSpam(StableSpam.Preset.FOUR_BIT).adaClip(false)),
          of("global-norm", () -> adamW(GradientTransform.globalNorm(1))),
          of("z-clip", () -> adamW(GradientTransform.zClip())),
          of(
              "four-transforms",
              () ->
                  adamW(
                      GradientTransform.zClip(),
                      GradientTransform.adaClip(0.9),
                      GradientTransform.gradientStabilizer(),
                      GradientTransform.value(0.5))),
          of(
              "norm-and-clip",
              () ->
                  adamW(GradientTransform.globalNorm(1), GradientTransform.adaClip())
                      .nonFinite(NonFinitePolicy.SKIP_STEP)));

  private static OptimizerCase of(String name, Supplier<OptimizerBuilder<?>> builder) {
    return new OptimizerCase(name, builder);
  }

  private static AdamW.Builder adamW(GradientTransform... transforms) {
    return AdamW.builder().transforms(transforms);
  }

  private static Spam.Builder resets(Spam.Builder builder) {
    return builder
        .resetInterval(RESET_INTERVAL)
        .rewarmSteps(9)
        .spikeGraceSteps(5)
        .weightDecay(0.01)
        .learningRate(Schedule.warmupCosine(1e-2, 10, 600, 0.1));
  }

  public static Spam.Builder spam() {
    return resets(Spam.builder()).spikeThreshold(50);
  }

  private static StableSpam.Builder stableSpam(StableSpam.Preset preset) {
    return StableSpam.builder(preset)
        .resetInterval(RESET_INTERVAL)
        .betaSchedule(100, 0.5)
        .spikeThreshold(50)
        .spikeGraceSteps(5);
  }

  private static long[] given(String parameter, long interval) {
    return parameter.equals("scalar") ? new long[0] : new long[] {interval % 7, 8 + interval % 5};
  }

  public static OptimizerCase named(String name) {
    return ALL.stream().filter(one -> one.name.equals(name)).findFirst().orElseThrow();
  }

  @Override
  public String toString() {
    return name;
  }
}
