package io.spam4j.engine;

import io.spam4j.engine.kernel.Coordinates;
import io.spam4j.engine.kernel.Correction;
import io.spam4j.engine.kernel.UpdateCoefficients;
import java.util.List;

/**
 * The first of the three moves, decide: turns step numbers into the coefficients of each tensor's
 * update, in double arithmetic. Adam: arXiv 1412.6980, Algorithm 1; SPAM: arXiv 2501.06842,
 * Algorithm 1 and spam-spec 1.2; Stable-SPAM: arXiv 2502.17055, spam-spec 2. An optimizer of the
 * same update that decides otherwise overrides {@link #decide}.
 */
class Decision {
  private final Recipe recipe;
  private final Timeline timeline;
  private final NonFinitePolicy nonFinite;
  private final List<Hyperparameters> hyperparameters;

  // The corrections of the latest tensor; most tensors of a step share them.
  private long correctedCount = -1;
  private double correctedBeta1;
  private double correctedBeta2;
  private double correction1;
  private double correction2;

  Decision(Recipe recipe, NonFinitePolicy nonFinite, List<Hyperparameters> hyperparameters) {
    this.recipe = recipe;
    timeline = recipe.timeline();
    this.nonFinite = nonFinite;
    this.hyperparameters = hyperparameters;
  }

  /** When it resets, warms up and clips. */
  final Timeline timeline() {
    return timeline;
  }

  /** Sets what does not change from step to step. */
  void initialise(UpdateCoefficients c, int tensor) {
    Hyperparameters h = hyperparameters.get(tensor);
    c.beta2 = (float) h.beta2();
    c.oneMinusBeta2 = (float) (1 - h.beta2());
    c.flushBelow = recipe.flushesSubnormals ? Float.MIN_NORMAL : 0;
    c.skipsNonFinite = nonFinite != NonFinitePolicy.PROPAGATE;
    c.clipsAtZero = recipe.zeroSecondMoment == ZeroSecondMoment.CLIP_TO_ZERO;
    c.nullifiesSpikes = recipe.spikeAction == SpikeAction.NULLIFY;
    c.gradientLimit =
        recipe.limitsGradients ? Coordinates.LARGEST_GRADIENT : Float.POSITIVE_INFINITY;
    c.leavesWeights = recipe.amsgrad;
    if (recipe.weightDecayMode == WeightDecayMode.COUPLED) {
      c.coupledDecay = (float) weightDecay(h);
    }
  }

  private double weightDecay(Hyperparameters h) {
    boolean none = h.isSparse() && recipe.maskedWeightDecay == MaskedWeightDecay.NONE;
    return none ? 0 : h.weightDecay();
  }

  /**
   * Sets what this step needs, of a tensor with or without a gradient. The step is counted; a reset
   * at it is counted here.
   */
  final void decideAndCountReset(UpdateCoefficients c, int tensor, Step step) {
    boolean resets = timeline.resetsAt(step.t);
    if (step.has(tensor)) {
      decide(c, tensor, step);
      step.updatesSinceReset[tensor] = resets ? 1 : step.updatesSinceReset[tensor];
    } else {
      boolean resetsToo = resets && recipe.resetsMissingGradients;
      boolean keeps = hyperparameters.get(tensor).isSparse() && recipe.keepsSelectedMoments(false);
      c.resetsMoments = resetsToo && !keeps;
      step.updatesSinceReset[tensor] = resetsToo ? 0 : step.updatesSinceReset[tensor];
    }
  }

  /** Sets what this step needs; the step is counted, a reset at it is not. */
  void decide(UpdateCoefficients c, int tensor, Step step) {
    Hyperparameters h = hyperparameters.get(tensor);
    boolean resets = timeline.resetsAt(step.t);
    long sinceReset = resets ? 1 : step.updatesSinceReset[tensor];
    boolean keeps = h.isSparse() && recipe.overlap == MomentOverlap.KEEP;
    c.resetsMoments = resets && !recipe.resetsAfterUpdate && !keeps;
    c.zeroesMomentsAfter = resets && recipe.resetsAfterUpdate;
    c.momentsAreZero =
        step.updates[tensor] == 1 || (sinceReset == 1 && !recipe.resetsAfterUpdate && !keeps);

    double beta1 = h.beta1() * recipe.betaSchedule.scale(step.t);
    c.beta1 = (float) beta1;
    c.oneMinusBeta1 = (float) (1 - beta1);
    decideSpikes(c, h, timeline.clipsAt(step.t), keeps ? step.updates[tensor] : sinceReset);
    correct(
        switch (recipe.biasCorrection) {
          case GLOBAL -> step.updates[tensor];
          case SINCE_RESET -> sinceReset;
          case NONE -> Long.MAX_VALUE; // 1 - beta^k = 1
        },
        beta1,
        h.beta2());
    double learningRate = step.learningRates[tensor];
    double rootCorrection2 = Math.sqrt(correction2);
    double warmup = timeline.warmupScale(step.t);
    // The authors' code warms up selected weights in an operation of its own.
    boolean isApart = recipe.moments == MomentFormat.BF16_EMULATED && h.isSparse();
    c.directionScale = isApart ? (float) warmup : 1;
    c.stepSize = (float) (learningRate * (isApart ? 1 : warmup) * rootCorrection2 / correction1);
    c.epsilon =
        (float)
            switch (recipe.epsilonMode) {
              // lr / c1 * m / (sqrt(v / c2) + eps) = lr * sqrt(c2) / c1 * m / (sqrt(v) + eps')
              case CORRECTED -> h.epsilon() * rootCorrection2;
              case UNCORRECTED -> h.epsilon();
            };
    double decay = learningRate * weightDecay(h);
    c.decayBefore = recipe.weightDecayMode == WeightDecayMode.BEFORE ? (float) (1 - decay) : 1;
    c.decayAfter = recipe.weightDecayMode == WeightDecayMode.AFTER ? (float) decay : 0;
  }

  /**
   * Decides what is a spike.
   *
   * @param gradients how many the moments will have seen, this one included
   */
  private void decideSpikes(
      UpdateCoefficients c, Hyperparameters h, boolean clips, long gradients) {
    double theta = h.spikeThreshold();
    if (recipe.spikeReference == SpikeReference.CORRECTED && gradients > 1) {
      theta /= Correction.of(h.beta2(), gradients - 1);
    }
    boolean compares =
        recipe.spikeAction == SpikeAction.CLIP || recipe.spikeAction == SpikeAction.NULLIFY;
    c.spikeThreshold = clips && compares && theta > 0 ? (float) theta : Float.POSITIVE_INFINITY;
    if (recipe.spikeAction == SpikeAction.GAUSSIAN) {
      c.clipsDeviations = clips;
      c.meanCorrection = gradients > 1 ? (float) Correction.of(h.beta2(), gradients - 1) : 0;
      c.varianceCorrection = gradients > 2 ? (float) Correction.of(h.beta2(), gradients - 2) : 0;
    }
  }

  private void correct(long count, double beta1, double beta2) {
    if (count == correctedCount && beta1 == correctedBeta1 && beta2 == correctedBeta2) {
      return;
    }
    correctedCount = count;
    correctedBeta1 = beta1;
    correctedBeta2 = beta2;
    correction1 = Correction.of(beta1, count);
    correction2 = Correction.of(beta2, count);
  }
}
