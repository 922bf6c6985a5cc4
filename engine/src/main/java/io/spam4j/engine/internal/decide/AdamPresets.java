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
  public static Recipe spam() {
    var recipe = new Recipe("spam");
    recipe.epsilonMode = EpsilonMode.UNCORRECTED;
    recipe.weightDecayMode = WeightDecayMode.AFTER;
    recipe.resetInterval = 500;
    recipe.rewarmSteps = 150;
    recipe.spikeGraceSteps = 20;
    return recipe;
  }

  /** SPAM as its authors' code runs it. */
  public static Recipe spamReference() {
    Recipe recipe = spam();
    recipe.zeroSecondMoment = ZeroSecondMoment.CLIP_TO_ZERO;
    recipe.resetsMissingGradients = false;
    recipe.limitsGradients = false;
    recipe.flushesSubnormals = false;
    recipe.maskedWeightDecay = MaskedWeightDecay.NONE;
    recipe.maskSelection = MaskSelection.random(MaskSampling.EXACT_THEN_BERNOULLI);
    return recipe;
  }
}
