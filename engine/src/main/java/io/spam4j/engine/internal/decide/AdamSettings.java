package io.spam4j.engine.internal.decide;

import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.EpsilonMode;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.SpikeReference;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WarmupCurve;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.engine.options.ZeroSecondMoment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What an optimizer of the Adam family is, apart from the hyper-parameters of each parameter; at
 * first Adam itself. All of them are the same kernel: Adam is SPAM that never resets and whose
 * spike threshold is 0. A builder has one and changes it; an optimizer has a copy.
 */
public final class AdamSettings implements Cloneable {
  public final String name;
  public EpsilonMode epsilonMode = EpsilonMode.CORRECTED;
  public WeightDecayMode weightDecayMode = WeightDecayMode.BEFORE;
  public BiasCorrection biasCorrection = BiasCorrection.GLOBAL;
  public boolean amsgrad;

  // Resets, and the warm-up after them: see Timeline.
  public long resetInterval;
  public long rewarmSteps;
  public boolean initialWarmup;
  public boolean resetsAtStart;
  public WarmupCurve warmupCurve = WarmupCurve.AUTHORS;

  /** Whether a tensor that has no gradient at a reset is reset too. */
  public boolean resetsMissingGradients = true;

  /** Whether a reset takes effect only after its step's update, as in the Stable-SPAM authors'. */
  public boolean resetsAfterUpdate;

  public BetaSchedule betaSchedule = BetaSchedule.NONE;

  public long spikeGraceSteps;
  public SpikeAction spikeAction = SpikeAction.CLIP;
  public SpikeReference spikeReference = SpikeReference.RAW;
  public ZeroSecondMoment zeroSecondMoment = ZeroSecondMoment.EXEMPT;

  /** Whether |g| is limited to 1e18, so that no finite gradient overflows v. */
  public boolean limitsGradients = true;

  /** Whether subnormal moments become 0. */
  public boolean flushesSubnormals = true;

  public MomentFormat moments = MomentFormat.F32;

  /** Of weights that are bfloat16. */
  public WeightRounding weightRounding = WeightRounding.STOCHASTIC;

  public long seed;
  public MaskSelection maskSelection = MaskSelection.random();
  public MomentOverlap overlap = MomentOverlap.RESET;
  public UnselectedWeights unselected = UnselectedWeights.FROZEN;
  public MaskedWeightDecay maskedWeightDecay = MaskedWeightDecay.SELECTED;

  public AdamSettings(String name) {
    this.name = name;
  }

  public AdamSettings copy() {
    try {
      return (AdamSettings) clone();
    } catch (CloneNotSupportedException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * When it resets, warms up and clips.
   *
   * @throws IllegalArgumentException if a number of steps is negative
   */
  public Timeline timeline() {
    return new Timeline(
        resetInterval, rewarmSteps, spikeGraceSteps, initialWarmup, resetsAtStart, warmupCurve);
  }

  /** Whether a selection is made of a gradient, and so has to wait for one. */
  boolean selectsByGradient() {
    return largest() == MaskSelection.Largest.GRADIENTS;
  }

  /** Whether it is made of weights. */
  public boolean selectsByWeights() {
    return largest() == MaskSelection.Largest.WEIGHTS;
  }

  private MaskSelection.@Nullable Largest largest() {
    return switch (maskSelection) {
      case MaskSelection.Largest largest -> largest;
      case MaskSelection.LargestLines lines -> lines.of();
      default -> null;
    };
  }

  /** Whether weights without moments change too. */
  public boolean movesUnselected() {
    return unselected == UnselectedWeights.SGD || maskedWeightDecay == MaskedWeightDecay.ALL;
  }

  /**
   * Whether a reset leaves the moments of weights that are selected again. In the authors' code it
   * also does so where there is no gradient.
   */
  public boolean keepsSelectedMoments(boolean hasGradient) {
    return overlap == MomentOverlap.KEEP || !(hasGradient || resetsMissingGradients);
  }

  /** What holds for all parameters, as text. */
  public SequencedMap<String, String> settings() {
    SequencedMap<String, String> settings = new LinkedHashMap<>();
    settings.put("epsilonMode", epsilonMode.name());
    settings.put("weightDecayMode", weightDecayMode.name());
    settings.put("biasCorrection", biasCorrection.name());
    settings.put("amsgrad", Boolean.toString(amsgrad));
    settings.put("resetInterval", Long.toString(resetInterval));
    settings.put("rewarmSteps", Long.toString(rewarmSteps));
    settings.put("initialWarmup", Boolean.toString(initialWarmup));
    settings.put("resetsAtStart", Boolean.toString(resetsAtStart));
    settings.put("warmupCurve", SettingTexts.of(warmupCurve));
    settings.put("resetsMissingGradients", Boolean.toString(resetsMissingGradients));
    settings.put("resetsAfterUpdate", Boolean.toString(resetsAfterUpdate));
    settings.put("betaSchedule", SettingTexts.of(betaSchedule));
    settings.put("spikeGraceSteps", Long.toString(spikeGraceSteps));
    settings.put("spikeAction", spikeAction.name());
    settings.put("spikeReference", spikeReference.name());
    settings.put("zeroSecondMoment", zeroSecondMoment.name());
    settings.put("limitsGradients", Boolean.toString(limitsGradients));
    settings.put("flushesSubnormals", Boolean.toString(flushesSubnormals));
    settings.put("seed", Long.toString(seed));
    // What is younger than version 1 of the format is told where it is not the default.
    if (moments != MomentFormat.F32) {
      settings.put("moments", moments.name());
    }
    if (weightRounding != WeightRounding.STOCHASTIC) {
      settings.put("weightRounding", weightRounding.name());
    }
    settings.put("maskSelection", SettingTexts.of(maskSelection));
    settings.put("overlap", overlap.name());
    settings.put("unselected", unselected.name());
    settings.put("maskedWeightDecay", maskedWeightDecay.name());
    return settings;
  }

  /** The state tensors, each of the shape of the moments. */
  public List<String> state() {
    if (spikeAction == SpikeAction.GAUSSIAN) {
      return amsgrad
          ? List.of(
              StateNames.FIRST,
              StateNames.SECOND,
              StateNames.LARGEST,
              StateNames.MEAN,
              StateNames.VARIANCE)
          : List.of(StateNames.FIRST, StateNames.SECOND, StateNames.MEAN, StateNames.VARIANCE);
    }
    return amsgrad
        ? List.of(StateNames.FIRST, StateNames.SECOND, StateNames.LARGEST)
        : List.of(StateNames.FIRST, StateNames.SECOND);
  }
}
