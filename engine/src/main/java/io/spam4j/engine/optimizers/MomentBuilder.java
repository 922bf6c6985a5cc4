package io.spam4j.engine.optimizers;

import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.SavedNames;
import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.internal.apply.FusedRule;
import io.spam4j.engine.internal.decide.AdamDecision;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.state.MomentLayout;
import io.spam4j.engine.internal.step.AdamFamily;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WeightRounding;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;

/**
 * What the builders of Adam's family have in common: two moments, of all weights or of some.
 *
 * @param <B> the builder itself
 */
public abstract class MomentBuilder<B extends MomentBuilder<B>> extends OptimizerBuilder<B> {
  /** The algorithms of this package, as checkpoints tell them. */
  private static final Set<String> TAKEN =
      Set.of("adam", "adamw", "spam", "stablespam", "lion", "sgd", "adafactor", "adam-mini");

  final AdamSettings adam;

  /**
   * A builder of an own optimizer of the family, in any package: AdamW without weight decay, until
   * the builder's methods or {@link #decision} change it.
   *
   * @param name of the algorithm, as checkpoints and messages tell it; none of this package's,
   *     whose state means something else
   * @throws IllegalArgumentException if the name is taken, or could not be saved, see {@link
   *     SavedNames}
   */
  protected MomentBuilder(String name) {
    this(new AdamSettings(requireOwn(Objects.requireNonNull(name, "name must not be null"))));
  }

  private static String requireOwn(String name) {
    if (TAKEN.contains(name)) {
      throw new IllegalArgumentException(
          "an own optimizer must have a name that no other has: name=" + name);
    }
    SavedNames.require("optimizer", name);
    return name;
  }

  MomentBuilder(AdamSettings adam) {
    super(new Group(adam.name, EnumSet.allOf(Hyperparameters.Setting.class)));
    this.adam = adam;
  }

  /**
   * What the optimizer decides otherwise than the family; called for each optimizer that is built.
   * A decision that keeps numbers must be a new one at each call, and none may depend on what is
   * set on this builder later.
   *
   * @param parameters how many there are
   */
  protected Decision decision(int parameters) {
    return Decision.ADAM;
  }

  /** The transforms that belong to the algorithm. */
  List<Algorithm.LinkFactory> ownLinks(AdamSettings adam) {
    return List.of();
  }

  /**
   * Settings of the optimizer's own that hold for all parameters, by names, as text: checkpoints
   * have them, and {@code load} compares them. None by default. {@link #build} refuses a name that
   * another setting has, such as {@code seed}.
   */
  protected Map<String, String> ownSettings() {
    return Map.of();
  }

  @Override
  final Algorithm algorithm() {
    AdamSettings copy = adam.copy();
    SequencedMap<String, String> settings = copy.settings();
    ownSettings().forEach((name, value) -> addSetting(settings, copy.name, name, value));
    AdamFamily.DecisionFactory decisions =
        (nonFinite, h) -> new AdamDecision(copy, nonFinite, h, decision(h.size()));
    return new AdamFamily(
        copy,
        settings,
        new MomentLayout(copy),
        ownLinks(copy),
        parts ->
            new FusedRule(parts, copy, decisions.of(parts.nonFinite(), parts.hyperparameters())),
        o -> FusedRule.scratchBytes(copy, o),
        decisions);
  }

  /**
   * The decays of the moments.
   *
   * @param beta1 of the first moment, in [0, 1); default 0.9
   * @param beta2 of the second moment, in [0, 1); default 0.999
   */
  public B betas(double beta1, double beta2) {
    defaults.betas(beta1, beta2);
    return self();
  }

  /**
   * Added to the denominator of the update.
   *
   * @param epsilon a float, not negative, 0 below the least one; default 1e-8, for SPAM 1e-6. With
   *     0 a coordinate whose second moment is 0 takes no step.
   */
  public B epsilon(double epsilon) {
    defaults.epsilon(epsilon);
    return self();
  }

  /**
   * The share of the weights that have moments (d; sparse momentum, SPAM section 3.3). Usually set
   * for a {@link #group}: the authors do so for the projections of attention and feed-forward
   * layers. Gradient transforms still see the whole gradient.
   *
   * @param density in (0, 1]; default 1. Of a tensor's n weights floor(density * n) have moments,
   *     but one at least: a bias moves too, if slowly. {@link StepReport#isUnselected} tells where
   *     a selection by coins, or the caller's own, has none.
   */
  public B density(double density) {
    defaults.density(density);
    return self();
  }

  /** Which weights have moments; default {@link MaskSelection#random}. */
  public B maskSelection(MaskSelection maskSelection) {
    adam.maskSelection = Objects.requireNonNull(maskSelection, "maskSelection must not be null");
    return self();
  }

  /** What a reset does with moments of weights selected again; default RESET. */
  public B overlap(MomentOverlap overlap) {
    adam.overlap = Objects.requireNonNull(overlap, "overlap must not be null");
    return self();
  }

  /** What happens to weights without moments; default FROZEN. */
  public B unselected(UnselectedWeights unselected) {
    adam.unselected = Objects.requireNonNull(unselected, "unselected must not be null");
    return self();
  }

  /** Which weights of a sparse parameter decay; default SELECTED. */
  public B maskedWeightDecay(MaskedWeightDecay maskedWeightDecay) {
    adam.maskedWeightDecay =
        Objects.requireNonNull(maskedWeightDecay, "maskedWeightDecay must not be null");
    return self();
  }

  /**
   * How moments are stored between steps; default {@link MomentFormat#F32}. Other formats have no
   * form for AMSGrad and for {@link SpikeAction#GAUSSIAN}, nor on devices; {@link
   * MomentFormat#INT8} has none for a sparse parameter with {@link MomentOverlap#KEEP}. {@link
   * MomentFormat#BF16_EMULATED} is for {@link Spam.Preset#REFERENCE} alone.
   */
  public B moments(MomentFormat moments) {
    adam.moments = Objects.requireNonNull(moments, "moments must not be null");
    return self();
  }

  /**
   * How weights that are bfloat16 are stored after a step; default {@link
   * WeightRounding#STOCHASTIC}. Without meaning for float32 weights. A sparse parameter with
   * bfloat16 weights can have no {@link UnselectedWeights#SGD}, {@link MaskedWeightDecay#ALL} and
   * {@link MaskSelection#largestWeights}; the transform AGC wants float32 weights too.
   */
  public B weightRounding(WeightRounding weightRounding) {
    adam.weightRounding = Objects.requireNonNull(weightRounding, "weightRounding must not be null");
    return self();
  }

  /** The seed of random selections and of rounding at random; default 0. */
  public B seed(long seed) {
    adam.seed = seed;
    return self();
  }
}
