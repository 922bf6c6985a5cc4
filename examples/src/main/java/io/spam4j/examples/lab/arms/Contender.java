package io.spam4j.examples.lab.arms;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.examples.lab.protocol.RunSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * The optimizer of a run. The learning rate rises over the first tenth of the steps and falls along
 * a cosine to a tenth; weights that are no projections have {@code ratio} times it. There is no
 * weight decay. SPAM's warm-up after a reset and its steps without clipping are as large a share of
 * the interval as in the paper, unless {@code rewarm} and {@code grace} say how many they are. A
 * run that diverges goes on to its end.
 */
public final class Contender {
  private static final double FINAL_RATE = 0.1;
  private static final int WARMUP_SHARE = 10;

  /** The paper's 150 of 500 steps. */
  private static final double REWARM_SHARE = 0.3;

  private static final double GRACE_SHARE = 0.04;
  private static final int GRACE_STEPS = 20;

  private Contender() {}

  /**
   * Builds an optimizer on the calling thread alone: models of the lab are small, and several runs
   * share a machine.
   *
   * @param projections tells which weights, by name, are those that have the rate itself, and that
   *     sparse momentum selects from
   * @throws IllegalArgumentException if a setting is unknown, missing or out of its range
   */
  public static Optimizer build(
      RunSettings run, List<Parameter> parameters, Predicate<String> projections) {
    Knobs knobs = new Knobs(run);
    String name = knobs.word("optimizer", "");
    OptimizerBuilder<?> builder =
        switch (name) {
          case "adam" -> adam(knobs);
          case "adafactor" -> adafactor(knobs);
          case "adam-mini" -> adamMini(knobs);
          case "lion" -> lion(knobs);
          case "spam" -> spam(knobs, parameters, projections);
          case "stable-spam" -> stableSpam(knobs, parameters, projections);
          default ->
              throw new IllegalArgumentException(
                  "optimizer must be adam, adafactor, adam-mini, lion, spam or stable-spam:"
                      + " optimizer="
                      + name);
        };
    builder.transforms(transforms(knobs).toArray(GradientTransform[]::new));
    knobs.requireAllRead(name);
    double ratio = run.number(RunSettings.RATIO, 1);
    builder.learningRate(schedule(run, 1));
    for (Parameter parameter : parameters) {
      if (!projections.test(parameter.name())) {
        builder.group(parameter.name(), group -> group.learningRate(schedule(run, ratio)));
      }
    }
    return builder.threads(1).stopAfterNonFinite(0).build(parameters);
  }

  private static Schedule schedule(RunSettings run, double factor) {
    int steps = run.count(RunSettings.STEPS);
    double peak = factor * run.number(RunSettings.RATE);
    return Schedule.warmupCosine(peak, steps / WARMUP_SHARE, steps, FINAL_RATE);
  }

  private static List<GradientTransform> transforms(Knobs knobs) {
    List<GradientTransform> transforms = new ArrayList<>();
    knobs.number("norm", norm -> transforms.add(GradientTransform.globalNorm(norm)));
    knobs.number("value", value -> transforms.add(GradientTransform.value(value)));
    if (knobs.flag("adagn", false)) {
      transforms.add(GradientTransform.adaGN());
    }
    return transforms;
  }

  private static OptimizerBuilder<?> adam(Knobs knobs) {
    return moments(knobs, Adam.builder(), 1e-8);
  }

  private static <B extends MomentBuilder<B>> B moments(Knobs knobs, B builder, double epsilon) {
    return builder
        .betas(knobs.number("beta1", 0.9), knobs.number("beta2", 0.999))
        .epsilon(knobs.number("epsilon", epsilon));
  }

  private static OptimizerBuilder<?> adafactor(Knobs knobs) {
    return Adafactor.builder()
        .relativeStep(false)
        .scaleParameter(false)
        .clipThreshold(knobs.number("clip", 1))
        .beta1(knobs.number("beta1", 0));
  }

  /**
   * Blocks as the authors cut transformers: a head of queries or keys, a row of what else is 2-D.
   */
  private static OptimizerBuilder<?> adamMini(Knobs knobs) {
    int headWidth = knobs.count("head-width", 32);
    AdamMini.Partition rows = AdamMini.Partition.transformer(1, 1);
    return AdamMini.builder(
            (parameter, shape) ->
                parameter.endsWith(".q") || parameter.endsWith(".k")
                    ? shape[0] / headWidth
                    : rows.blocks(parameter, shape))
        .betas(knobs.number("beta1", 0.9), knobs.number("beta2", 0.999))
        .epsilon(knobs.number("epsilon", 1e-8));
  }

  private static OptimizerBuilder<?> lion(Knobs knobs) {
    return Lion.builder().betas(knobs.number("beta1", 0.9), knobs.number("beta2", 0.99));
  }

  private static OptimizerBuilder<?> spam(
      Knobs knobs, List<Parameter> parameters, Predicate<String> projections) {
    Spam.Builder builder = moments(knobs, Spam.builder(), 1e-6);
    knobs.number("theta", builder::spikeThreshold);
    int interval = knobs.count("interval", 500);
    builder.resetInterval(interval);
    builder.rewarmSteps(knobs.count("rewarm", (int) Math.round(REWARM_SHARE * interval)));
    builder.spikeGraceSteps(knobs.count("grace", grace(interval)));
    builder.biasCorrection(word(knobs, "correction", BiasCorrection.GLOBAL));
    builder.spikeAction(word(knobs, "spike-action", SpikeAction.CLIP));
    return sparse(knobs, builder, parameters, projections);
  }

  /** The paper's 20 of 500 steps, where there are resets. */
  private static int grace(int interval) {
    return interval == 0 ? GRACE_STEPS : (int) Math.round(GRACE_SHARE * interval);
  }

  private static OptimizerBuilder<?> stableSpam(
      Knobs knobs, List<Parameter> parameters, Predicate<String> projections) {
    StableSpam.Builder builder = StableSpam.builder();
    builder.betas(knobs.number("beta1", 0.9), knobs.number("beta2", 0.999));
    String gammas = knobs.word("gammas", "0.7 0.9");
    String[] both = gammas.split(" ", -1);
    if (both.length != 2) {
      throw new IllegalArgumentException(
          "gammas must be two numbers with a space between: gammas=" + gammas);
    }
    builder.normDecays(Double.parseDouble(both[0]), Double.parseDouble(both[1]));
    builder.clipDecay(knobs.number("gamma3", 0.999));
    knobs.count("interval", builder::resetInterval);
    return sparse(knobs, builder, parameters, projections);
  }

  private static <B extends MomentBuilder<B>> B sparse(
      Knobs knobs, B builder, List<Parameter> parameters, Predicate<String> projections) {
    double density = knobs.number("density", 1);
    String selection = knobs.word("selection", "random");
    MaskSelection chosen =
        switch (selection) {
          case "random" -> MaskSelection.random();
          case "largest-weights" -> MaskSelection.largestWeights();
          case "largest-gradients" -> MaskSelection.largestGradients();
          default ->
              throw new IllegalArgumentException(
                  "selection must be random, largest-weights or largest-gradients: selection="
                      + selection);
        };
    int line = knobs.count("line", 1);
    builder.maskSelection(line > 1 ? chosen.lines(line) : chosen);
    builder.overlap(word(knobs, "overlap", MomentOverlap.RESET));
    String unselected = knobs.word("unselected", "frozen");
    if (unselected.equals("sgd")) {
      builder.unselected(UnselectedWeights.SGD);
    } else if (!unselected.equals("frozen")) {
      throw new IllegalArgumentException(
          "unselected must be frozen or sgd: unselected=" + unselected);
    }
    if (density < 1) {
      for (Parameter parameter : parameters) {
        if (projections.test(parameter.name())) {
          builder.group(parameter.name(), group -> group.density(density));
        }
      }
    }
    return builder;
  }

  /** A constant of an enum, written in lower case with hyphens. */
  private static <E extends Enum<E>> E word(Knobs knobs, String name, E standard) {
    String word = knobs.word(name, standard.name());
    String constant = word.toUpperCase(Locale.ROOT).replace('-', '_');
    for (E value : standard.getDeclaringClass().getEnumConstants()) {
      if (value.name().equals(constant)) {
        return value;
      }
    }
    throw new IllegalArgumentException("%s is unknown: %s=%s".formatted(name, name, word));
  }
}
