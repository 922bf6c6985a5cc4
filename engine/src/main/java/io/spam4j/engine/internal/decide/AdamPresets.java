package io.spam4j.engine.internal.decide;

import io.spam4j.engine.options.EpsilonMode;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.ZeroSecondMoment;

/** Settings that more than one class starts from. */
public final class AdamPresets {
  private AdamPresets() {}

  /** SPAM as recommended; see {@link io.spam4j.engine.optimizers.Spam}. */
  public static AdamSettings spam() {
    var adam = new AdamSettings("spam");
    adam.epsilonMode = EpsilonMode.UNCORRECTED;
    adam.weightDecayMode = WeightDecayMode.AFTER;
    adam.resetInterval = 500;
    adam.rewarmSteps = 150;
    adam.spikeGraceSteps = 20;
    return adam;
  }

  /** SPAM as its authors' code runs it. */
  public static AdamSettings spamReference() {
    AdamSettings adam = spam();
    adam.zeroSecondMoment = ZeroSecondMoment.CLIP_TO_ZERO;
    adam.resetsMissingGradients = false;
    adam.limitsGradients = false;
    adam.flushesSubnormals = false;
    adam.maskedWeightDecay = MaskedWeightDecay.NONE;
    adam.maskSelection = MaskSelection.random(MaskSampling.EXACT_THEN_BERNOULLI);
    return adam;
  }
}
