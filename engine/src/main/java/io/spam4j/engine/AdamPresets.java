package io.spam4j.engine;

/** Settings that more than one class starts from. */
final class AdamPresets {
  private AdamPresets() {}

  /** SPAM as recommended; see {@link Spam}. */
  static Recipe spam() {
    var recipe = new Recipe("spam");
    recipe.epsilonMode = EpsilonMode.UNCORRECTED;
    recipe.weightDecayMode = WeightDecayMode.AFTER;
    recipe.resetInterval = 500;
    recipe.rewarmSteps = 150;
    recipe.spikeGraceSteps = 20;
    return recipe;
  }

  /** SPAM as its authors' code runs it. */
  static Recipe spamReference() {
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
