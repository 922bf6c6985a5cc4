package io.spam4j.engine.optimizers;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.BetaSchedule;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.transform.AdaClipLink;
import io.spam4j.engine.internal.transform.AdaGnLink;
import io.spam4j.engine.internal.transform.HistoryCounter;
import io.spam4j.engine.options.BiasCorrection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Stable-SPAM (Huang et al., arXiv 2502.17055): AdamW on gradients that are clipped and normalised
 * by their history, with momentum reset.
 *
 * <pre>
 * AdaClip:  M = max |g|;  T = gamma3 T + (1 - gamma3) M;  T^ = T / (1 - gamma3^k)
 *           where |g| &gt; T^:  g = g / M * T^
 * AdaGN:    n = ||g||;  mu = gamma1 mu + (1 - gamma1) n;  nu = gamma2 nu + (1 - gamma2) n^2
 *           g = g / n * (mu / (1 - gamma1^k)) / (sqrt(nu / (1 - gamma2^k)) + eps)
 * MoRet:    every dT steps m = v = 0, and the bias corrections of the moments start anew
 * AdamW:    w = (1 - lr * decay) w;  m, v, w as in {@link AdamW}
 * </pre>
 *
 * <p>k counts the tensor's gradients. Each part can be switched off; with all off it is {@link
 * AdamW}, bit for bit. State: 8 bytes a weight and three numbers a tensor.
 *
 * <p><b>Differences from the paper and from the authors' code.</b> The authors' code resets in a
 * way that leaves the reset step on the old moments with the bias corrections of a first step, and
 * throws that step's gradient away; it also restarts the corrections of T, mu and nu although it
 * does not reset those, so that AdaClip is off after a reset. {@link Preset#REFERENCE} does both.
 * Here a reset takes effect before its step's gradient, and T, mu and nu count for themselves. The
 * schedule of beta1 and gamma1 in their code, which the paper's formulas do not have, is off unless
 * {@link Builder#betaSchedule} sets it. Coordinates that are NaN or Inf are skipped and touch no
 * statistics; in the authors' code one of them poisons the tensor for good.
 */
public final class StableSpam {
  private StableSpam() {}

  /** Where a builder starts from. */
  public enum Preset {
    /**
     * gamma1 0.7, gamma2 0.9: the paper's for 4-bit training, and the only one of the two that
     * leaves no spike.
     */
    FOUR_BIT,
    /**
     * gamma1 0.85, gamma2 0.99999: the paper's for BF16 training. A norm spike of a normalised
     * gradient may still be 47 times its usual size.
     */
    BF16,
    /** The authors' code, step for step, with its defaults 0.7 and 0.9. */
    REFERENCE
  }

  /** A builder with the recommended settings, those of {@link Preset#FOUR_BIT}. */
  public static Builder builder() {
    return new Builder(Preset.FOUR_BIT);
  }

  /** A builder that starts from a preset. */
  public static Builder builder(Preset preset) {
    return new Builder(Objects.requireNonNull(preset, "preset must not be null"));
  }

  private static AdamSettings adam(Preset preset) {
    var adam = new AdamSettings("stablespam");
    adam.resetInterval = 1000;
    adam.biasCorrection = BiasCorrection.SINCE_RESET;
    adam.spikeGraceSteps = 20;
    if (preset == Preset.REFERENCE) {
      adam.resetsAfterUpdate = true;
      adam.resetsMissingGradients = false;
      adam.limitsGradients = false;
      adam.flushesSubnormals = false;
    }
    return adam;
  }

  /** Builds {@link StableSpam}. */
  public static final class Builder extends MomentBuilder<Builder> {
    private final boolean reference;
    private boolean adaClip = true;
    private boolean adaGN = true;
    private double normMeanDecay = 0.7;
    private double normSquareDecay = 0.9;
    private double clipDecay = 0.999;
    private double normEpsilon = 1e-8;

    private Builder(Preset preset) {
      super(adam(preset));
      reference = preset == Preset.REFERENCE;
      if (reference) {
        nonFinite(NonFinitePolicy.PROPAGATE);
      }
      if (preset == Preset.BF16) {
        normDecays(0.85, 0.99999);
      }
    }

    /** Whether gradients are clipped at the running mean of their maxima; default true. */
    public Builder adaClip(boolean adaClip) {
      this.adaClip = adaClip;
      return this;
    }

    /** Whether gradients are given a norm made of their history; default true. */
    public Builder adaGN(boolean adaGN) {
      this.adaGN = adaGN;
      return this;
    }

    /**
     * The decays of AdaGN.
     *
     * @param meanDecay gamma1, in [0, 1); default 0.7
     * @param squareDecay gamma2, in [0, 1); default 0.9
     */
    public Builder normDecays(double meanDecay, double squareDecay) {
      normMeanDecay = meanDecay;
      normSquareDecay = squareDecay;
      return this;
    }

    /**
     * The decay of AdaClip.
     *
     * @param clipDecay gamma3, in [0, 1); default 0.999
     */
    public Builder clipDecay(double clipDecay) {
      this.clipDecay = clipDecay;
      return this;
    }

    /** {@inheritDoc} The same is added in AdaGN. */
    @Override
    public Builder epsilon(double epsilon) {
      normEpsilon = epsilon;
      return super.epsilon(epsilon);
    }

    /**
     * Both moments are reset every so many steps (MoRet; dT; {@code update_proj_gap}).
     *
     * @param resetInterval 0 or more; default 1000; 0 for never
     */
    public Builder resetInterval(long resetInterval) {
      adam.resetInterval = resetInterval;
      return this;
    }

    /**
     * Lets beta1 and gamma1 fall along half a cosine to a fraction of themselves, where they stay;
     * with {@link Preset#REFERENCE} they rise again, as in the authors' code.
     *
     * @param totalSteps the steps it takes ({@code total_T}); 0, the default, for no schedule
     * @param finalFraction in [0, 1] ({@code eta_min}); 0.5 in the authors' code
     */
    public Builder betaSchedule(long totalSteps, double finalFraction) {
      adam.betaSchedule = new BetaSchedule(totalSteps, finalFraction, reference);
      return this;
    }

    /**
     * Clips spikes as {@link Spam} does, in the gradients that AdaClip and AdaGN leave (the paper's
     * Table 4).
     *
     * @param spikeThreshold theta, finite, not negative; default 0: off
     */
    public Builder spikeThreshold(double spikeThreshold) {
      defaults.spikeThreshold(spikeThreshold);
      return this;
    }

    /** See {@link Spam.Builder#spikeGraceSteps}; default 20. */
    public Builder spikeGraceSteps(long spikeGraceSteps) {
      adam.spikeGraceSteps = spikeGraceSteps;
      return this;
    }

    @Override
    protected Map<String, String> ownSettings() {
      Map<String, String> settings = new LinkedHashMap<>();
      settings.put("adaClip", Boolean.toString(adaClip));
      settings.put("adaGN", Boolean.toString(adaGN));
      settings.put("normMeanDecay", Double.toString(normMeanDecay));
      settings.put("normSquareDecay", Double.toString(normSquareDecay));
      settings.put("normEpsilon", Double.toString(normEpsilon));
      settings.put("clipDecay", Double.toString(clipDecay));
      settings.put("countsSinceReset", Boolean.toString(reference));
      return settings;
    }

    @Override
    List<Algorithm.LinkFactory> ownLinks(AdamSettings adam) {
      var counter = reference ? HistoryCounter.SHARED_WITH_MOMENTS : HistoryCounter.OWN;
      var clip = new GradientTransform.AdaClip(clipDecay);
      var norm = new GradientTransform.AdaGN(normMeanDecay, normSquareDecay, normEpsilon, true);
      List<Algorithm.LinkFactory> links = new ArrayList<>();
      if (adaClip) {
        links.add((tensors, keeps) -> new AdaClipLink(clip, counter, tensors, keeps));
      }
      if (adaGN) {
        links.add(
            (tensors, keeps) -> new AdaGnLink(norm, counter, adam.betaSchedule, tensors, keeps));
      }
      return links;
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
