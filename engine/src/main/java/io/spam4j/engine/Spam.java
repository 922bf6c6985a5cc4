package io.spam4j.engine;

/**
 * SPAM, Spike-Aware Adam with Momentum Reset (Huang et al., arXiv 2501.06842, Algorithm 1), dense:
 *
 * <pre>
 * if t mod dT = 0:            m = v = 0
 * where g^2 &gt; theta v:        g = sign(g) sqrt(theta v)          (not for G steps after a reset)
 * m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 * w = w - lr * s * sqrt(1 - beta2^k) / (1 - beta1^k) * m / (sqrt(v) + eps)
 * w = (1 - lr * decay) w
 * </pre>
 *
 * <p>where k counts the tensor's updates and s = 1 - 0.99 (1 + cos(pi j / (N + 1))) / 2 for the
 * j-th step after a reset, 1 from j = N on and before the first reset.
 *
 * <p><b>Differences from the paper and from the authors' code.</b> Algorithm 1 as printed clips
 * every gradient to 0 after a reset and never moves a weight; the authors' code therefore does not
 * clip for 20 steps after a reset ({@link Builder#spikeGraceSteps}), and so do we. Where it still
 * clips coordinates whose v is 0 to 0, we exempt them. We also reset tensors that have no gradient
 * at the reset step, skip coordinates that are NaN or Inf, limit |g| to 1e18 and flush subnormal
 * moments; {@link Preset#REFERENCE} does none of these. The bias correction counts steps from the
 * start of training, as the authors' does, although the moments restart: after a reset the
 * effective learning rate is above the nominal one, on average 1.87 times at dT = 500, N = 150. See
 * {@link BiasCorrection#SINCE_RESET}.
 */
public final class Spam {
  private Spam() {}

  /** Where a builder starts from. */
  public enum Preset {
    /** Recommended. */
    DEFAULTS,
    /** The authors' code, step for step: for comparing with their runs. */
    REFERENCE
  }

  /** A builder with the recommended settings. */
  public static Builder builder() {
    return new Builder(Preset.DEFAULTS);
  }

  /** A builder that starts from a preset. */
  public static Builder builder(Preset preset) {
    return new Builder(preset);
  }

  /** Builds {@link Spam}. */
  public static final class Builder extends OptimizerBuilder<Builder> {
    private final boolean reference;
    private long resetInterval = 500;
    private long rewarmSteps = 150;
    private long spikeGraceSteps = 20;
    private boolean initialWarmup;
    private EpsilonMode epsilonMode = EpsilonMode.UNCORRECTED;
    private WeightDecayMode weightDecayMode = WeightDecayMode.AFTER;
    private BiasCorrection biasCorrection = BiasCorrection.GLOBAL;
    private ZeroSecondMoment zeroSecondMoment = ZeroSecondMoment.EXEMPT;

    private Builder(Preset preset) {
      super(new Group(1e-6, 0, 5000));
      reference = preset == Preset.REFERENCE;
      if (reference) {
        zeroSecondMoment = ZeroSecondMoment.CLIP_TO_ZERO;
        nonFinite(NonFinitePolicy.PROPAGATE);
      }
    }

    /**
     * A gradient whose square exceeds this times the second moment is a spike (theta; {@code
     * threshold} in the authors' code).
     *
     * @param spikeThreshold finite, not negative; default 5000; 0 switches clipping off
     */
    public Builder spikeThreshold(double spikeThreshold) {
      defaults.spikeThreshold(spikeThreshold);
      return this;
    }

    /**
     * Both moments are reset every so many steps (dT; {@code DeltaT}, {@code update_proj_gap}).
     *
     * @param resetInterval 0 or more; default 500; 0 for never
     */
    public Builder resetInterval(long resetInterval) {
      this.resetInterval = resetInterval;
      return this;
    }

    /**
     * After a reset the learning rate rises over so many steps (N; {@code warmup_steps}, {@code
     * warmup_epoch}).
     *
     * @param rewarmSteps 0 or more; default 150; 0 for no warm-up
     */
    public Builder rewarmSteps(long rewarmSteps) {
      this.rewarmSteps = rewarmSteps;
      return this;
    }

    /**
     * No clipping before this step, nor in so many steps from a reset on (G; {@code
     * grad_accu_steps}; not in the paper).
     *
     * @param spikeGraceSteps 0 or more; default 20
     */
    public Builder spikeGraceSteps(long spikeGraceSteps) {
      this.spikeGraceSteps = spikeGraceSteps;
      return this;
    }

    /** Whether the warm-up after a reset is also done at the start of training; default false. */
    public Builder initialWarmup(boolean initialWarmup) {
      this.initialWarmup = initialWarmup;
      return this;
    }

    /** Where eps is added; default {@link EpsilonMode#UNCORRECTED}. */
    public Builder epsilonMode(EpsilonMode epsilonMode) {
      this.epsilonMode = epsilonMode;
      return this;
    }

    /** How weight decay enters; default {@link WeightDecayMode#AFTER}. */
    public Builder weightDecayMode(WeightDecayMode weightDecayMode) {
      this.weightDecayMode = weightDecayMode;
      return this;
    }

    /** Which steps the bias corrections count; default {@link BiasCorrection#GLOBAL}. */
    public Builder biasCorrection(BiasCorrection biasCorrection) {
      this.biasCorrection = biasCorrection;
      return this;
    }

    /** What happens where v is 0; default {@link ZeroSecondMoment#EXEMPT}. */
    public Builder zeroSecondMoment(ZeroSecondMoment zeroSecondMoment) {
      this.zeroSecondMoment = zeroSecondMoment;
      return this;
    }

    @Override
    Builder self() {
      return this;
    }

    @Override
    Recipe recipe(int threads) {
      return new Recipe(
          "spam",
          new Timeline(resetInterval, rewarmSteps, spikeGraceSteps, initialWarmup),
          epsilonMode,
          weightDecayMode,
          biasCorrection,
          zeroSecondMoment,
          /* resetsMissingGradients= */ !reference,
          /* limitsGradients= */ !reference,
          /* flushesSubnormals= */ !reference,
          nonFinite,
          clipping,
          threads);
    }
  }
}
