package io.spam4j.engine;

/**
 * What an optimizer of the Adam family is, apart from the hyper-parameters of each parameter. Adam
 * is SPAM whose {@link Timeline} is uneventful and whose spike threshold is 0.
 *
 * @param limitsGradients whether |g| is limited to 1e18, so that no finite gradient overflows v
 * @param flushesSubnormals whether subnormal moments become 0
 * @param threads how many threads a step may run on
 */
record Recipe(
    String name,
    Timeline timeline,
    EpsilonMode epsilonMode,
    WeightDecayMode weightDecayMode,
    BiasCorrection biasCorrection,
    ZeroSecondMoment zeroSecondMoment,
    boolean resetsMissingGradients,
    boolean limitsGradients,
    boolean flushesSubnormals,
    NonFinitePolicy nonFinite,
    GradientClipping clipping,
    int threads) {
  Recipe {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be positive: threads=" + threads);
    }
  }

  /** Whether a step must measure all gradients before it may change anything. */
  boolean measuresGradients() {
    return clipping instanceof GradientClipping.GlobalNorm
        || nonFinite == NonFinitePolicy.SKIP_STEP
        || nonFinite == NonFinitePolicy.THROW;
  }
}
