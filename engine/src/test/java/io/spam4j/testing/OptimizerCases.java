package io.spam4j.testing;

import static io.spam4j.testing.OptimizerCase.Trait.COUPLED;
import static io.spam4j.testing.OptimizerCase.Trait.CPU_ONLY;
import static io.spam4j.testing.OptimizerCase.Trait.GIVEN;
import static io.spam4j.testing.OptimizerCase.Trait.ROUNDS;
import static io.spam4j.testing.OptimizerCase.Trait.SPARSE;
import static io.spam4j.testing.OptimizerCase.Trait.THROWS;
import static io.spam4j.testing.OptimizerCase.Trait.TRANSFORMS;
import static io.spam4j.testing.OptimizerCase.Trait.UNPLANNED;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.testing.OptimizerCase.Trait;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.Stream;

/**
 * Every optimizer, with every option that makes a difference to what it holds or to what happens to
 * a weight: the table that all tests of all optimizers take theirs from. A line here is all that a
 * new one needs; a test that knows something of each, such as a learning rate, fails until it knows
 * that of the new one.
 *
 * <p>Some of the names are those of files that were written once ({@code checkpoints/v1}): such a
 * line must not change for a reset interval of 50. Of the parameters one must have a name with an
 * {@code a}, which some settings are for.
 */
public final class OptimizerCases {
  private static final List<OptimizerCase> ALL =
      Stream.of(adam(), spam(), stableSpam(), baselines(), sparse(), transforms(), formats())
          .flatMap(List::stream)
          .toList();

  private OptimizerCases() {}

  /** All of them. */
  public static Stream<OptimizerCase> all() {
    return ALL.stream();
  }

  /** Those with weights and gradients in float32. */
  public static Stream<OptimizerCase> floats() {
    return all().filter(one -> !one.has(Trait.BFLOAT16));
  }

  /** One of each algorithm. */
  public static List<OptimizerCase> algorithms() {
    Set<Class<?>> seen = new HashSet<>();
    return all().filter(one -> seen.add(one.builder(1).getClass())).toList();
  }

  public static OptimizerCase named(String name) {
    return all().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
  }

  private static List<OptimizerCase> adam() {
    return List.of(
        of("adam", _ -> Adam.builder()),
        of("adam-amsgrad", _ -> Adam.builder().amsgrad(true)),
        of("adam-skip-step", _ -> Adam.builder().nonFinite(NonFinitePolicy.SKIP_STEP)),
        of("adam-propagate", _ -> Adam.builder().nonFinite(NonFinitePolicy.PROPAGATE)),
        of("adam-throw", _ -> Adam.builder().nonFinite(NonFinitePolicy.THROW), THROWS),
        of("adamw", _ -> AdamW.builder()),
        of("adamw-amsgrad", _ -> AdamW.builder().amsgrad(true)),
        of("adamw-amsgrad-sparse", _ -> AdamW.builder().amsgrad(true).density(0.4), SPARSE));
  }

  private static List<OptimizerCase> spam() {
    return List.of(
        of("spam", n -> spam(n)),
        of("spam-nullify", n -> spam(n).spikeAction(SpikeAction.NULLIFY)),
        of("spam-gaussian", n -> spam(n).spikeAction(SpikeAction.GAUSSIAN), CPU_ONLY),
        of("spam-no-clipping", n -> spam(n).spikeAction(SpikeAction.NONE)),
        of("spam-since-reset", n -> spam(n).biasCorrection(BiasCorrection.SINCE_RESET)),
        of("spam-keeps-missing", n -> spam(n).resetsMissingGradients(false)),
        of("spam-reference-dense", n -> resets(Spam.builder(Spam.Preset.REFERENCE), n)),
        of("spam-paper-dense", n -> resets(Spam.builder(Spam.Preset.PAPER_LITERAL), n)),
        of("spam-kozistr", n -> resets(Spam.builder(Spam.Preset.KOZISTR), n)),
        of("skip-step", n -> spam(n).nonFinite(NonFinitePolicy.SKIP_STEP)),
        of("propagate", n -> spam(n).nonFinite(NonFinitePolicy.PROPAGATE)));
  }

  private static List<OptimizerCase> sparse() {
    MaskSelection coins = MaskSelection.random(MaskSampling.BERNOULLI);
    MaskSelection exactThenCoins = MaskSelection.random(MaskSampling.EXACT_THEN_BERNOULLI);
    MaskSelection weights = MaskSelection.largestWeights();
    MaskSelection gradients = MaskSelection.largestGradients();
    MaskSelection given = MaskSelection.given(OptimizerCases::given);
    UnselectedWeights sgd = UnselectedWeights.SGD;
    MaskedWeightDecay decayAll = MaskedWeightDecay.ALL;
    return List.of(
        of(
            "spam-reference",
            n -> resets(Spam.builder(Spam.Preset.REFERENCE), n).density(0.4),
            SPARSE),
        of(
            "spam-paper",
            n -> resets(Spam.builder(Spam.Preset.PAPER_LITERAL), n).density(0.4),
            SPARSE,
            UNPLANNED),
        of("sparse", n -> sparse(n).seed(7), SPARSE),
        of("sparse-nullify", n -> sparse(n).spikeAction(SpikeAction.NULLIFY), SPARSE),
        of("sparse-gaussian", n -> sparse(n).spikeAction(SpikeAction.GAUSSIAN), SPARSE, CPU_ONLY),
        of("sparse-no-clipping", n -> sparse(n).spikeAction(SpikeAction.NONE), SPARSE),
        of("sparse-keep", n -> sparse(n).overlap(MomentOverlap.KEEP), SPARSE),
        of("sparse-coins", n -> sparse(n).maskSelection(coins), SPARSE, UNPLANNED),
        of("sparse-coins-keep", n -> keep(n).maskSelection(coins), SPARSE, UNPLANNED),
        of("sparse-exact-then-coins", n -> sparse(n).maskSelection(exactThenCoins), SPARSE),
        of("sparse-exact-then-coins-keep", n -> keep(n).maskSelection(exactThenCoins), SPARSE),
        of("sparse-weights", n -> sparse(n).maskSelection(weights), SPARSE, UNPLANNED),
        of("sparse-gradients", n -> sparse(n).maskSelection(gradients), SPARSE, UNPLANNED),
        of("sparse-lines", n -> sparse(n).maskSelection(MaskSelection.random().lines(8)), SPARSE),
        of("sparse-lines-keep", n -> keep(n).maskSelection(coins.lines(8)), SPARSE, UNPLANNED),
        of("sparse-lines-weights", n -> keep(n).maskSelection(weights.lines(8)), SPARSE, UNPLANNED),
        of(
            "sparse-lines-gradients",
            n -> sparse(n).maskSelection(gradients.lines(16)),
            SPARSE,
            UNPLANNED),
        of("sparse-given", n -> sparse(n).maskSelection(given), SPARSE, GIVEN, UNPLANNED),
        of(
            "sparse-sgd",
            n ->
                spam(n)
                    .group("*a*", group -> group.density(0.3))
                    .unselected(sgd)
                    .maskedWeightDecay(decayAll),
            SPARSE,
            CPU_ONLY),
        of("sparse-unselected-sgd", n -> sparse(n).unselected(sgd), SPARSE, CPU_ONLY),
        of("sparse-decay-all", n -> sparse(n).maskedWeightDecay(decayAll), SPARSE, CPU_ONLY),
        of("sparse-group", n -> spam(n).group("*a*", group -> group.density(0.05)), SPARSE),
        of("sparse-but-a", n -> sparse(n).group("*a*", group -> group.density(1)), SPARSE),
        of("sparse-keeps-missing", n -> sparse(n).resetsMissingGradients(false), SPARSE));
  }

  private static List<OptimizerCase> stableSpam() {
    return List.of(
        of("stable-spam", n -> StableSpam.builder().resetInterval(n)),
        of("stable-spam-preset-bf16", n -> stableSpam(n, StableSpam.Preset.BF16)),
        of("stable-spam-sparse", n -> stableSpam(n, StableSpam.Preset.BF16).density(0.3), SPARSE),
        of("stable-spam-reference", n -> stableSpam(n, StableSpam.Preset.REFERENCE)),
        of("stable-spam-clip-only", n -> stableSpam(n, StableSpam.Preset.FOUR_BIT).adaGN(false)),
        of("stable-spam-norm-only", n -> stableSpam(n, StableSpam.Preset.FOUR_BIT).adaClip(false)));
  }

  private static List<OptimizerCase> transforms() {
    GradientTransform norm = GradientTransform.globalNorm(1);
    GradientTransform value = GradientTransform.value(1);
    GradientTransform adaClip = GradientTransform.adaClip();
    GradientTransform adaGn = GradientTransform.adaGN();
    GradientTransform stabilizer = GradientTransform.gradientStabilizer();
    GradientTransform agc = GradientTransform.agc();
    GradientTransform zClip = GradientTransform.zClip();
    GradientTransform scale = GradientTransform.scale(0.3);
    GradientTransform[] all = {norm, value, adaClip, adaGn, stabilizer, agc, zClip};
    GradientTransform[] six = {
      zClip, GradientTransform.adaClip(0.9), agc, adaClip, stabilizer, norm
    };
    GradientTransform[] four = {
      zClip, GradientTransform.adaClip(0.9), stabilizer, GradientTransform.value(0.5)
    };
    return List.of(
        of("global-norm", _ -> AdamW.builder().transforms(norm), TRANSFORMS, COUPLED),
        of("value", _ -> AdamW.builder().transforms(value), TRANSFORMS),
        of("ada-clip", _ -> AdamW.builder().transforms(adaClip), TRANSFORMS),
        of("ada-gn", _ -> AdamW.builder().transforms(adaGn), TRANSFORMS),
        of("stabilizer", _ -> AdamW.builder().transforms(stabilizer), TRANSFORMS),
        of("agc", _ -> AdamW.builder().transforms(agc), TRANSFORMS, CPU_ONLY),
        of("z-clip", _ -> AdamW.builder().transforms(zClip), TRANSFORMS, COUPLED),
        of("scale", _ -> AdamW.builder().transforms(scale), TRANSFORMS),
        of("scale-norm", _ -> AdamW.builder().transforms(scale, norm), TRANSFORMS, COUPLED),
        of("stable-spam-scale", n -> stableSpam(n, StableSpam.Preset.FOUR_BIT).transforms(scale)),
        of("sparse-global-norm", n -> sparse(n).transforms(norm), SPARSE, TRANSFORMS, COUPLED),
        of("sparse-value", n -> sparse(n).transforms(value), SPARSE, TRANSFORMS),
        of("sparse-ada-clip", n -> sparse(n).transforms(adaClip), SPARSE, TRANSFORMS),
        of("sparse-ada-gn", n -> sparse(n).transforms(adaGn), SPARSE, TRANSFORMS),
        of("sparse-stabilizer", n -> sparse(n).transforms(stabilizer), SPARSE, TRANSFORMS),
        of("sparse-agc", n -> sparse(n).transforms(agc), SPARSE, TRANSFORMS, CPU_ONLY),
        of("sparse-z-clip", n -> sparse(n).transforms(zClip), SPARSE, TRANSFORMS, COUPLED),
        of("transforms", _ -> AdamW.builder().transforms(six), TRANSFORMS, COUPLED, CPU_ONLY),
        of("four-transforms", _ -> AdamW.builder().transforms(four), TRANSFORMS, COUPLED),
        of(
            "norm-and-clip",
            _ -> AdamW.builder().transforms(norm, adaClip).nonFinite(NonFinitePolicy.SKIP_STEP),
            TRANSFORMS,
            COUPLED),
        of("all-transforms", _ -> Adam.builder().transforms(all), TRANSFORMS, COUPLED, CPU_ONLY),
        of(
            "sparse-all-transforms",
            n -> sparse(n).transforms(all),
            SPARSE,
            TRANSFORMS,
            COUPLED,
            CPU_ONLY),
        of("lion-all-transforms", _ -> Lion.builder().transforms(all), TRANSFORMS, COUPLED));
  }

  private static List<OptimizerCase> formats() {
    MaskSelection given = MaskSelection.given(OptimizerCases::given);
    MomentFormat bf16 = MomentFormat.BF16;
    MomentFormat int8 = MomentFormat.INT8;
    return List.of(
        of("adam-moments-bf16", _ -> Adam.builder().moments(bf16), CPU_ONLY, ROUNDS),
        of("adam-moments-int8", _ -> Adam.builder().moments(int8), CPU_ONLY, ROUNDS),
        of("sparse-moments-bf16", n -> sparse(n).moments(bf16), SPARSE, CPU_ONLY, ROUNDS),
        of("sparse-moments-int8", n -> sparse(n).moments(int8), SPARSE, CPU_ONLY, ROUNDS),
        of("sparse-keep-moments-bf16", n -> keep(n).moments(bf16), SPARSE, CPU_ONLY, ROUNDS),
        of(
            "sparse-given-moments-bf16",
            n -> sparse(n).maskSelection(given).moments(bf16),
            SPARSE,
            GIVEN,
            UNPLANNED,
            CPU_ONLY,
            ROUNDS),
        of(
            "sparse-given-moments-int8",
            n -> sparse(n).maskSelection(given).moments(int8),
            SPARSE,
            GIVEN,
            UNPLANNED,
            CPU_ONLY,
            ROUNDS),
        of("int8", n -> spam(n).moments(int8), CPU_ONLY, ROUNDS),
        of(
            "stable-spam-moments-bf16",
            n -> StableSpam.builder().resetInterval(n).moments(bf16),
            CPU_ONLY,
            ROUNDS),
        of(
            "stable-spam-moments-int8",
            n -> StableSpam.builder().resetInterval(n).moments(int8),
            CPU_ONLY,
            ROUNDS),
        halves("bf16", n -> spam(n).moments(bf16)),
        halves("bf16-exact", n -> spam(n).weightRounding(WeightRounding.EXACT)),
        halves(
            "bf16-exact-sparse",
            n -> keep(n).moments(bf16).weightRounding(WeightRounding.EXACT),
            SPARSE),
        halves("spam-emulated", n -> emulated(n)),
        halves("spam-emulated-sparse", n -> emulated(n).density(0.4).seed(9), SPARSE),
        halves("lion-bf16", _ -> Lion.builder()),
        halves("sgd-bf16", _ -> Sgd.builder().weightRounding(WeightRounding.NEAREST)),
        halves("lion-bf16-exact", _ -> Lion.builder().weightRounding(WeightRounding.EXACT)),
        halves("int8-sparse", n -> sparse(n).moments(int8).seed(3), SPARSE),
        halves("stable-spam-bf16", n -> stableSpam(n, StableSpam.Preset.BF16).moments(bf16)));
  }

  private static List<OptimizerCase> baselines() {
    return List.of(
        of("lion", _ -> Lion.builder()),
        of("sgd", _ -> Sgd.builder().nesterov(true)),
        of("sgd-momentum", _ -> Sgd.builder()),
        of("sgd-plain", _ -> Sgd.builder().momentum(0)),
        of("adafactor", _ -> Adafactor.builder()),
        of("adafactor-momentum", _ -> Adafactor.builder().learningRate(1e-3).beta1(0.9)),
        of("adafactor-unscaled", _ -> Adafactor.builder().scaleParameter(false)),
        of(
            "adafactor-unscaled-momentum",
            _ -> Adafactor.builder().scaleParameter(false).beta1(0.9)),
        of("adam-mini", _ -> AdamMini.builder((_, s) -> s.length < 2 ? 1 : s[0])),
        of("adam-mini-one-block", _ -> AdamMini.builder((_, _) -> 1)));
  }

  private static OptimizerCase of(
      String name, LongFunction<OptimizerBuilder<?>> make, Trait... traits) {
    return new OptimizerCase(name, DType.F32, Set.of(traits), make);
  }

  private static OptimizerCase halves(
      String name, LongFunction<OptimizerBuilder<?>> make, Trait... traits) {
    return new OptimizerCase(name, DType.BF16, Set.of(traits), make);
  }

  private static Spam.Builder resets(Spam.Builder builder, long interval) {
    Schedule learningRate =
        interval == 0
            ? Schedule.constant(1e-2)
            : Schedule.warmupCosine(1e-2, interval / 5, 12 * interval, 0.1);
    return builder
        .resetInterval(interval)
        .rewarmSteps(3 * interval / 10)
        .spikeGraceSteps(7 * interval / 50)
        .weightDecay(0.01)
        .learningRate(learningRate);
  }

  private static Spam.Builder spam(long interval) {
    return resets(Spam.builder(), interval).spikeThreshold(50);
  }

  private static Spam.Builder sparse(long interval) {
    return spam(interval).density(0.3);
  }

  private static Spam.Builder keep(long interval) {
    return sparse(interval).overlap(MomentOverlap.KEEP);
  }

  private static Spam.Builder emulated(long interval) {
    return resets(Spam.builder(Spam.Preset.REFERENCE), interval)
        .moments(MomentFormat.BF16_EMULATED)
        .weightRounding(WeightRounding.NEAREST);
  }

  private static StableSpam.Builder stableSpam(long interval, StableSpam.Preset preset) {
    return StableSpam.builder(preset).resetInterval(interval).betaSchedule(8 * interval, 0.5);
  }

  private static long[] given(String parameter, long interval) {
    return parameter.equals("scalar") ? new long[0] : new long[] {interval % 7, 8 + interval % 5};
  }
}
