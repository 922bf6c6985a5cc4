package io.spam4j.engine.optimizers;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.decide.AdamPresets;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.EpsilonMode;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.SpikeReference;
import io.spam4j.engine.options.WarmupCurve;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.ZeroSecondMoment;
import java.util.Objects;

/**
 * SPAM, Spike-Aware Adam with Momentum Reset (Huang et al., arXiv 2501.06842, Algorithm 1):
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
 * j-th step after a reset, 1 from j = N on and before the first reset. State: 8 bytes a weight, or,
 * with a {@link Builder#density} d below 1 (sparse momentum, section 3.3), 8 d and the selection: m
 * and v are kept for a random share of a tensor's weights, drawn anew at each reset, and only those
 * are updated.
 *
 * <p><b>Differences from the paper and from the authors' code.</b> Algorithm 1 as printed clips
 * every gradient to 0 after a reset and never moves a weight; the authors' code therefore does not
 * clip for 20 steps after a reset ({@link Builder#spikeGraceSteps}), and so do we. Where it still
 * clips coordinates whose v is 0 to 0, we exempt them. We also reset tensors that have no gradient
 * at the reset step, skip coordinates that are NaN or Inf, limit |g| to 1e18 and flush subnormal
 * moments; {@link Preset#REFERENCE} does none of these. Later selections have exactly floor(d n)
 * weights like the first, where the authors toss a coin for each, and selected weights decay, where
 * the authors' code decays a copy. The bias correction counts steps from the start of training, as
 * the authors' does, although the moments restart: after a reset the effective learning rate is
 * above the nominal one, on average 1.87 times at dT = 500, N = 150. See {@link
 * BiasCorrection#SINCE_RESET}.
 */
public final class Spam {
  private Spam() {}

  /** Where a builder starts from. */
  public enum Preset {
    /** Recommended. */
    DEFAULTS,
    /** The authors' code, step for step: for comparing with their runs. */
    REFERENCE,
    /**
     * Algorithm 1 as printed: clips from the first step on, also where v is 0, resets at the first
     * step, warms up from 0. It never moves a weight.
     */
    PAPER_LITERAL,
    /** The port in pytorch_optimizer (kozistr): never clips, warms up over 50 steps, one ahead. */
    KOZISTR
  }

  /** A builder with the recommended settings. */
  public static Builder builder() {
    return new Builder(Preset.DEFAULTS);
  }

  /** A builder that starts from a preset. */
  public static Builder builder(Preset preset) {
    return new Builder(Objects.requireNonNull(preset, "preset must not be null"));
  }

  private static AdamSettings adam(Preset preset) {
    AdamSettings adam =
        preset == Preset.DEFAULTS ? AdamPresets.spam() : AdamPresets.spamReference();
    switch (preset) {
      case DEFAULTS, REFERENCE -> {}
      case PAPER_LITERAL -> {
        adam.epsilonMode = EpsilonMode.CORRECTED;
        adam.spikeGraceSteps = 0;
        adam.resetsAtStart = true;
        adam.initialWarmup = true;
        adam.warmupCurve = WarmupCurve.PAPER;
        adam.maskSelection = MaskSelection.random(MaskSampling.BERNOULLI);
      }
      case KOZISTR -> {
        adam.spikeAction = SpikeAction.NONE;
        adam.rewarmSteps = 50;
        adam.warmupCurve = new WarmupCurve(0.99, 1, 1);
      }
    }
    return adam;
  }

  /** Builds {@link Spam}. */
  public static final class Builder extends MomentBuilder<Builder> {
    private Builder(Preset preset) {
      super(adam(preset));
      epsilon(1e-6);
      spikeThreshold(5000);
      if (preset != Preset.DEFAULTS) {
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
      adam.resetInterval = resetInterval;
      return this;
    }

    /**
     * After a reset the learning rate rises over so many steps (N; {@code warmup_steps}, {@code
     * warmup_epoch}).
     *
     * @param rewarmSteps 0 or more; default 150; 0 for no warm-up
     */
    public Builder rewarmSteps(long rewarmSteps) {
      adam.rewarmSteps = rewarmSteps;
      return this;
    }

    /**
     * No clipping before this step, nor in so many steps from a reset on (G; {@code
     * grad_accu_steps}; not in the paper).
     *
     * @param spikeGraceSteps 0 or more; default 20
     */
    public Builder spikeGraceSteps(long spikeGraceSteps) {
      adam.spikeGraceSteps = spikeGraceSteps;
      return this;
    }

    /** Whether the warm-up after a reset is also done at the start of training; default false. */
    public Builder initialWarmup(boolean initialWarmup) {
      adam.initialWarmup = initialWarmup;
      return this;
    }

    /** Where eps is added; default {@link EpsilonMode#UNCORRECTED}. */
    public Builder epsilonMode(EpsilonMode epsilonMode) {
      adam.epsilonMode = Objects.requireNonNull(epsilonMode, "epsilonMode must not be null");
      return this;
    }

    /** How weight decay enters; default {@link WeightDecayMode#AFTER}. */
    public Builder weightDecayMode(WeightDecayMode weightDecayMode) {
      adam.weightDecayMode =
          Objects.requireNonNull(weightDecayMode, "weightDecayMode must not be null");
      return this;
    }

    /** Which steps the bias corrections count; default {@link BiasCorrection#GLOBAL}. */
    public Builder biasCorrection(BiasCorrection biasCorrection) {
      adam.biasCorrection =
          Objects.requireNonNull(biasCorrection, "biasCorrection must not be null");
      return this;
    }

    /** What happens where v is 0; default {@link ZeroSecondMoment#EXEMPT}. */
    public Builder zeroSecondMoment(ZeroSecondMoment zeroSecondMoment) {
      adam.zeroSecondMoment =
          Objects.requireNonNull(zeroSecondMoment, "zeroSecondMoment must not be null");
      return this;
    }

    /** What happens to a spike; default {@link SpikeAction#CLIP}. */
    public Builder spikeAction(SpikeAction spikeAction) {
      adam.spikeAction = Objects.requireNonNull(spikeAction, "spikeAction must not be null");
      return this;
    }

    /** What a gradient's square is compared with; default {@link SpikeReference#RAW}. */
    public Builder spikeReference(SpikeReference spikeReference) {
      adam.spikeReference =
          Objects.requireNonNull(spikeReference, "spikeReference must not be null");
      return this;
    }

    /** The shape of the warm-up after a reset; default {@link WarmupCurve#AUTHORS}. */
    public Builder warmupCurve(WarmupCurve warmupCurve) {
      adam.warmupCurve = Objects.requireNonNull(warmupCurve, "warmupCurve must not be null");
      return this;
    }

    /**
     * Whether the resets are at steps 1, dT + 1, 2 dT + 1, ... as in Algorithm 1, instead of dT, 2
     * dT, ... as in the authors' code; default false.
     */
    public Builder resetsAtStart(boolean resetsAtStart) {
      adam.resetsAtStart = resetsAtStart;
      return this;
    }

    /** Whether parameters that have no gradient at a reset are reset too; default true. */
    public Builder resetsMissingGradients(boolean resetsMissingGradients) {
      adam.resetsMissingGradients = resetsMissingGradients;
      return this;
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
