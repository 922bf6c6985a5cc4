package io.spam4j.engine;

import io.spam4j.engine.kernel.UpdateCoefficients;

/**
 * The first of the three moves, decide: turns step numbers into the coefficients of one tensor's
 * update, in double arithmetic. Adam: arXiv 1412.6980, Algorithm 1; SPAM: arXiv 2501.06842,
 * Algorithm 1 and spam-spec 1.2.
 */
final class Decision {
  /** |g| above this is limited to it: its square still fits a float with room for theta. */
  private static final float LARGEST_GRADIENT = 1e18f;

  private final Recipe recipe;

  // The corrections of the latest tensor; most tensors of a step share them.
  private long correctedCount = -1;
  private double correctedBeta1;
  private double correctedBeta2;
  private double correction1;
  private double correction2;

  Decision(Recipe recipe) {
    this.recipe = recipe;
  }

  /** Sets what does not change from step to step. */
  void initialise(UpdateCoefficients c, Hyperparameters h) {
    c.beta1 = (float) h.beta1();
    c.oneMinusBeta1 = (float) (1 - h.beta1());
    c.beta2 = (float) h.beta2();
    c.oneMinusBeta2 = (float) (1 - h.beta2());
    c.flushBelow = recipe.flushesSubnormals() ? Float.MIN_NORMAL : 0;
    c.skipsNonFinite = recipe.nonFinite() != NonFinitePolicy.PROPAGATE;
    c.clipsAtZero = recipe.zeroSecondMoment() == ZeroSecondMoment.CLIP_TO_ZERO;
    c.gradientLimit = recipe.limitsGradients() ? LARGEST_GRADIENT : Float.POSITIVE_INFINITY;
    if (recipe.clipping() instanceof GradientClipping.Value(double limit)) {
      c.gradientLimit = Math.min(c.gradientLimit, (float) limit);
    }
    if (recipe.weightDecayMode() == WeightDecayMode.COUPLED) {
      c.coupledDecay = (float) h.weightDecay();
    }
  }

  /**
   * Sets what this step needs.
   *
   * @param t the number of the step, from 1
   * @param learningRate the schedule's, at this step
   * @param updates how often this tensor will have been updated, this step included
   * @param updatesSinceReset the same since its moments were last zero
   */
  void decide(
      UpdateCoefficients c,
      Hyperparameters h,
      long t,
      double learningRate,
      long updates,
      long updatesSinceReset) {
    Timeline timeline = recipe.timeline();
    boolean clips = h.spikeThreshold() > 0 && timeline.clipsAt(t);
    c.spikeThreshold = clips ? (float) h.spikeThreshold() : Float.POSITIVE_INFINITY;
    c.resetsMoments = timeline.resetsAt(t);
    c.momentsAreZero = updatesSinceReset == 1;

    correct(
        switch (recipe.biasCorrection()) {
          case GLOBAL -> updates;
          case SINCE_RESET -> updatesSinceReset;
          case NONE -> Long.MAX_VALUE; // 1 - beta^k = 1
        },
        h);
    double rootCorrection2 = Math.sqrt(correction2);
    c.stepSize = (float) (learningRate * timeline.warmupScale(t) * rootCorrection2 / correction1);
    c.epsilon =
        (float)
            switch (recipe.epsilonMode()) {
              // lr / c1 * m / (sqrt(v / c2) + eps) = lr * sqrt(c2) / c1 * m / (sqrt(v) + eps')
              case CORRECTED -> h.epsilon() * rootCorrection2;
              case UNCORRECTED -> h.epsilon();
            };
    double decay = learningRate * h.weightDecay();
    c.decayBefore = recipe.weightDecayMode() == WeightDecayMode.BEFORE ? (float) (1 - decay) : 1;
    c.decayAfter = recipe.weightDecayMode() == WeightDecayMode.AFTER ? (float) decay : 0;
  }

  private void correct(long count, Hyperparameters h) {
    if (count == correctedCount && h.beta1() == correctedBeta1 && h.beta2() == correctedBeta2) {
      return;
    }
    correctedCount = count;
    correctedBeta1 = h.beta1();
    correctedBeta2 = h.beta2();
    correction1 = correction(h.beta1(), count);
    correction2 = correction(h.beta2(), count);
  }

  /** 1 - beta^k, without cancellation and the same on every platform. */
  static double correction(double beta, long count) {
    return -StrictMath.expm1(count * StrictMath.log(beta));
  }
}
