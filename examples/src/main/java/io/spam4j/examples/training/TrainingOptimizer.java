package io.spam4j.examples.training;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.examples.formats.StateFormat;
import io.spam4j.examples.formats.Words;
import io.spam4j.examples.llama.Llama;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * The optimizers that the training compares, set up for a run of a given number of steps.
 *
 * @param name on the command line
 * @param rateFactor what the learning rate of all is multiplied by for this one
 * @param builder the optimizer for a number of steps
 * @param ownSettings its hyper-parameters but the learning rate, for display
 */
record TrainingOptimizer(
    String name,
    double rateFactor,
    IntFunction<OptimizerBuilder<?>> builder,
    IntFunction<String> ownSettings) {
  private static final double MAX_NORM = 1.0;
  private static final int SPIKE_THRESHOLD = 5000;
  private static final double DENSITY = 0.25;
  private static final int LINE = 32;
  private static final String BETAS = "betas 0.9 0.999, decay 0, ";

  /** The paper's Table 7: 4e-3 with sparse momentum where it is 1e-3 without. */
  private static final double SPARSE_RATE = 4;

  /** What the authors make sparse: the projections of attention and feed-forward layers. */
  private static final List<String> SPARSE =
      List.of("layers.*.attention.?", "layers.*.mlp.gate", "layers.*.mlp.up", "layers.*.mlp.down");

  /** How many of them are compared unless told otherwise: the first. */
  private static final int DEFAULTS = 6;

  private static final List<TrainingOptimizer> ALL =
      List.of(
          of("adamw", _ -> adamW(), _ -> BETAS + "no clipping"),
          of(
              "adamw-clip",
              _ -> adamW(GradientTransform.globalNorm(MAX_NORM)),
              _ -> BETAS + "gradient norm clipped to " + MAX_NORM),
          of("spam", TrainingOptimizer::spam, TrainingOptimizer::spamSettings),
          of(
              "spam-noreset",
              steps -> spam(steps).resetInterval(0),
              steps ->
                  "%stheta %d, no resets, grace %d"
                      .formatted(BETAS, SPIKE_THRESHOLD, graceSteps(steps))),
          new TrainingOptimizer(
              "spam-d25",
              SPARSE_RATE,
              steps -> sparse(spam(steps)),
              steps -> spamSettings(steps) + ", moments for a quarter of the projections' weights"),
          of(
              "stable-spam",
              steps -> StableSpam.builder().resetInterval(resetInterval(steps)),
              steps -> stableSettings(steps, "0.7 0.9 0.999")),
          of(
              "stable-spam-bf16",
              steps ->
                  StableSpam.builder(StableSpam.Preset.BF16).resetInterval(resetInterval(steps)),
              steps -> stableSettings(steps, "0.85 0.99999 0.999")),
          new TrainingOptimizer(
              "spam-d25-lines",
              SPARSE_RATE,
              steps -> sparse(spam(steps)).maskSelection(MaskSelection.random().lines(LINE)),
              steps ->
                  "%s, moments for a quarter of the projections' weights, by lines of %d"
                      .formatted(spamSettings(steps), LINE)),
          of(
              "spam-nullify",
              steps -> spam(steps).spikeAction(SpikeAction.NULLIFY),
              steps -> spamSettings(steps) + ", spikes become 0"),
          of(
              "spam-gaussian",
              steps -> spam(steps).spikeAction(SpikeAction.GAUSSIAN),
              steps -> spamSettings(steps) + ", clips at 3 deviations instead"),
          of(
              "spam-noclip",
              steps -> spam(steps).spikeAction(SpikeAction.NONE),
              steps -> spamSettings(steps) + ", no clipping"),
          of("adam-amsgrad", _ -> Adam.builder().amsgrad(true), _ -> BETAS + "amsgrad"),
          of(
              "adafactor",
              _ -> Adafactor.builder().scaleParameter(false),
              _ -> "update clipped at 1, decay rate -0.8"),
          of(
              "adam-mini",
              _ -> AdamMini.builder(TrainingOptimizer::miniBlocks),
              _ -> BETAS + "a second moment for each head, row or norm"),
          new TrainingOptimizer(
              "lion",
              0.2,
              _ -> Lion.builder(),
              _ -> "betas 0.9 0.99, decay 0, sign of the momentum"),
          new TrainingOptimizer("sgd", 30, _ -> Sgd.builder(), _ -> "momentum 0.9, decay 0"),
          of(
              "adamw-value",
              _ -> adamW(GradientTransform.value(1e-3)),
              _ -> BETAS + "gradients limited to 1e-3"),
          of(
              "adamw-stabilizer",
              _ -> adamW(GradientTransform.gradientStabilizer()),
              _ -> BETAS + "GradientStabilizer 0.6 0.999"),
          of(
              "adamw-agc",
              _ -> adamW(GradientTransform.agc()),
              _ -> BETAS + "adaptive gradient clipping 0.01"),
          of(
              "adamw-zclip",
              _ -> adamW(GradientTransform.zClip()),
              _ -> BETAS + "ZClip alpha 0.97, threshold 2.5"));

  private static TrainingOptimizer of(
      String name, IntFunction<OptimizerBuilder<?>> builder, IntFunction<String> ownSettings) {
    return new TrainingOptimizer(name, 1, builder, ownSettings);
  }

  /** One of {@link #names}. */
  static TrainingOptimizer of(String name) {
    for (TrainingOptimizer optimizer : ALL) {
      if (optimizer.name.equals(name)) {
        return optimizer;
      }
    }
    throw new IllegalArgumentException(
        "optimizer must be one of %s: optimizer=%s".formatted(names(), name));
  }

  static List<String> names() {
    return ALL.stream().map(TrainingOptimizer::name).toList();
  }

  /** Those that are compared unless told otherwise. */
  static List<String> defaults() {
    return names().subList(0, DEFAULTS);
  }

  /**
   * Why the optimizer cannot keep its moments in a format; nothing if it can.
   *
   * @param shapes of the model's weights
   */
  Optional<String> obstacle(MomentFormat state, Map<String, long[]> shapes, int steps) {
    try {
      builder(state, steps).plannedMemory(shapes);
      return Optional.empty();
    } catch (IllegalArgumentException refused) {
      return Optional.of(String.valueOf(refused.getMessage()));
    }
  }

  Optimizer build(
      List<Parameter> parameters, Schedule learningRate, MomentFormat state, int steps) {
    Schedule own = step -> rateFactor * learningRate.at(step);
    // A run that diverges is a result too: it goes on to the end.
    return builder(state, steps).learningRate(own).stopAfterNonFinite(0).build(parameters);
  }

  private OptimizerBuilder<?> builder(MomentFormat state, int steps) {
    OptimizerBuilder<?> own = builder.apply(steps);
    StateFormat.set(own, state);
    return own;
  }

  /** The hyper-parameters and the format of the state, for display. */
  String settings(MomentFormat state, int steps) {
    String factor =
        rateFactor == 1 ? "" : String.format(Locale.ROOT, ", learning rate times %s", rateFactor);
    return ownSettings.apply(steps) + factor + ", state " + Words.of(state);
  }

  private static AdamW.Builder adamW(GradientTransform... transforms) {
    return AdamW.builder().weightDecay(0).transforms(transforms);
  }

  private static Spam.Builder spam(int steps) {
    return Spam.builder()
        .spikeThreshold(SPIKE_THRESHOLD)
        .resetInterval(resetInterval(steps))
        .rewarmSteps(rewarmSteps(steps))
        .spikeGraceSteps(graceSteps(steps));
  }

  private static <B extends MomentBuilder<B>> B sparse(B builder) {
    for (String pattern : SPARSE) {
      builder.group(pattern, group -> group.density(DENSITY));
    }
    return builder;
  }

  /** Adam-mini's blocks; heads of all presets are equally wide. */
  private static long miniBlocks(String parameter, long[] shape) {
    boolean byHead = parameter.endsWith(".q") || parameter.endsWith(".k");
    return byHead
        ? shape[0] / Llama.HEAD_WIDTH
        : AdamMini.Partition.transformer(1, 1).blocks(parameter, shape);
  }

  private static String spamSettings(int steps) {
    return "%stheta %d, reset every %d steps, rewarm %d, grace %d"
        .formatted(
            BETAS, SPIKE_THRESHOLD, resetInterval(steps), rewarmSteps(steps), graceSteps(steps));
  }

  private static String stableSettings(int steps, String gammas) {
    return "%sgammas %s, reset every %d steps".formatted(BETAS, gammas, resetInterval(steps));
  }

  /** Four resets a run, but with time to recover between them; the paper's 500 is for long runs. */
  private static int resetInterval(int steps) {
    return Math.max(40, steps / 4);
  }

  /** The share of the interval that the authors use, 150 of 1000. */
  private static int rewarmSteps(int steps) {
    return Math.max(1, Math.toIntExact(Math.round(0.15 * resetInterval(steps))));
  }

  private static int graceSteps(int steps) {
    return Math.min(20, resetInterval(steps) / 4 - 1);
  }
}
