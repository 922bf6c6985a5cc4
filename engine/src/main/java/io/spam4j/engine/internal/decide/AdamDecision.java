package io.spam4j.engine.internal.decide;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.Coordinates;
import io.spam4j.engine.internal.math.Correction;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.SpikeReference;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.ZeroSecondMoment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The second of the three moves, decide: turns step numbers into the coefficients of each tensor's
 * update, in double arithmetic. Adam: arXiv 1412.6980, Algorithm 1; SPAM: arXiv 2501.06842,
 * Algorithm 1 and spam-spec 1.2; Stable-SPAM: arXiv 2502.17055, spam-spec 2. What an optimizer of
 * the family decides otherwise, its own {@link Decision} changes afterwards. One serves all
 * threads: it keeps nothing from step to step.
 */
public final class AdamDecision {
  private final AdamSettings adam;
  private final Timeline timeline;
  private final NonFinitePolicy nonFinite;
  private final List<Hyperparameters> hyperparameters;
  private final Decision own;

  /**
   * What decides for these parameters.
   *
   * @param own decides otherwise
   */
  public AdamDecision(
      AdamSettings adam,
      NonFinitePolicy nonFinite,
      List<Hyperparameters> hyperparameters,
      Decision own) {
    this.adam = adam;
    timeline = adam.timeline();
    this.nonFinite = nonFinite;
    this.hyperparameters = hyperparameters;
    this.own = own;
    Map<String, Double> kept = new LinkedHashMap<>();
    if (!hyperparameters.isEmpty()) {
      own.addScalars(0, kept); // the names are those of all tensors
    }
    kept.keySet().forEach(ParameterState::requireScalarName);
  }

  /** When it resets, warms up and clips. */
  public Timeline timeline() {
    return timeline;
  }

  /** Whether tensors that have all in common that it looks at have the same coefficients. */
  public boolean isStandard() {
    return own.equals(Decision.ADAM);
  }

  /** Sets what does not change from step to step. */
  public void initialise(UpdateCoefficients c, int tensor) {
    Hyperparameters h = hyperparameters.get(tensor);
    c.beta2 = (float) h.beta2();
    c.oneMinusBeta2 = (float) (1 - h.beta2());
    c.flushBelow = adam.flushesSubnormals ? Float.MIN_NORMAL : 0;
    c.skipsNonFinite = nonFinite != NonFinitePolicy.PROPAGATE;
    c.clipsAtZero = adam.zeroSecondMoment == ZeroSecondMoment.CLIP_TO_ZERO;
    c.nullifiesSpikes = adam.spikeAction == SpikeAction.NULLIFY;
    // A square that no float holds would make NaN of all codes of its block.
    boolean limits = adam.limitsGradients || adam.moments == MomentFormat.INT8;
    c.gradientLimit = limits ? Coordinates.LARGEST_GRADIENT : Float.POSITIVE_INFINITY;
    c.leavesWeights = adam.amsgrad;
    if (adam.weightDecayMode == WeightDecayMode.COUPLED) {
      c.coupledDecay = (float) weightDecay(h);
    }
  }

  private double weightDecay(Hyperparameters h) {
    boolean none = h.isSparse() && adam.maskedWeightDecay == MaskedWeightDecay.NONE;
    return none ? 0 : h.weightDecay();
  }

  /** Whether a reset at this step counts for a tensor. */
  private boolean resets(int tensor, StepState step) {
    return timeline.resetsAt(step.t()) && (step.has(tensor) || adam.resetsMissingGradients);
  }

  /**
   * Sets what this step needs, of a tensor with or without a gradient, and counts a reset at it.
   * The step is counted.
   *
   * @param decided of the thread
   */
  public void decide(UpdateCoefficients c, int tensor, StepState step, DecidedTensor decided) {
    boolean resets = resets(tensor, step);
    if (resets) {
      step.countReset(tensor);
    }
    if (step.has(tensor)) {
      decide(c, tensor, step, resets, decided);
      decided.set(tensor, step);
      own.decide(c, decided);
    } else {
      boolean keeps = hyperparameters.get(tensor).isSparse() && adam.keepsSelectedMoments(false);
      c.resetsMoments = resets && !keeps;
    }
  }

  private void decide(
      UpdateCoefficients c, int tensor, StepState step, boolean resets, DecidedTensor decided) {
    Hyperparameters h = hyperparameters.get(tensor);
    long sinceReset = step.updatesSinceReset(tensor);
    boolean keeps = h.isSparse() && adam.overlap == MomentOverlap.KEEP;
    c.resetsMoments = resets && !adam.resetsAfterUpdate && !keeps;
    c.zeroesMomentsAfter = resets && adam.resetsAfterUpdate;
    c.momentsAreZero =
        step.updates(tensor) == 1 || (sinceReset == 1 && !adam.resetsAfterUpdate && !keeps);

    double beta1 = h.beta1() * adam.betaSchedule.scale(step.t());
    c.beta1 = (float) beta1;
    c.oneMinusBeta1 = (float) (1 - beta1);
    decideSpikes(c, h, timeline.clipsAt(step.t()), keeps ? step.updates(tensor) : sinceReset);
    decided.correct(
        switch (adam.biasCorrection) {
          case GLOBAL -> step.updates(tensor);
          case SINCE_RESET -> sinceReset;
          case NONE -> Long.MAX_VALUE; // 1 - beta^k = 1
        },
        beta1,
        h.beta2());
    double learningRate = step.learningRates[tensor];
    double rootCorrection2 = Math.sqrt(decided.correction2);
    double warmup = timeline.warmupScale(step.t());
    // The authors' code warms up selected weights in an operation of its own.
    boolean isApart = adam.moments == MomentFormat.BF16_EMULATED && h.isSparse();
    c.directionScale = isApart ? (float) warmup : 1;
    c.stepSize =
        (float) (learningRate * (isApart ? 1 : warmup) * rootCorrection2 / decided.correction1);
    c.epsilon =
        (float)
            switch (adam.epsilonMode) {
              // lr / c1 * m / (sqrt(v / c2) + eps) = lr * sqrt(c2) / c1 * m / (sqrt(v) + eps')
              case CORRECTED -> h.epsilon() * rootCorrection2;
              case UNCORRECTED -> h.epsilon();
            };
    double decay = learningRate * weightDecay(h);
    c.decayBefore = adam.weightDecayMode == WeightDecayMode.BEFORE ? (float) (1 - decay) : 1;
    c.decayAfter = adam.weightDecayMode == WeightDecayMode.AFTER ? (float) decay : 0;
  }

  /**
   * Decides what is a spike.
   *
   * @param gradients how many the moments will have seen, this one included
   */
  private void decideSpikes(
      UpdateCoefficients c, Hyperparameters h, boolean clips, long gradients) {
    double theta = h.spikeThreshold();
    if (adam.spikeReference == SpikeReference.CORRECTED && gradients > 1) {
      theta /= Correction.of(h.beta2(), gradients - 1);
    }
    boolean compares =
        adam.spikeAction == SpikeAction.CLIP || adam.spikeAction == SpikeAction.NULLIFY;
    c.spikeThreshold = clips && compares && theta > 0 ? (float) theta : Float.POSITIVE_INFINITY;
    if (adam.spikeAction == SpikeAction.GAUSSIAN) {
      c.clipsDeviations = clips;
      c.meanCorrection = gradients > 1 ? (float) Correction.of(h.beta2(), gradients - 1) : 0;
      c.varianceCorrection = gradients > 2 ? (float) Correction.of(h.beta2(), gradients - 2) : 0;
    }
  }

  /** Adds what its own decision keeps of a tensor, by names in files. */
  public void addScalars(int tensor, Map<String, Double> scalars) {
    own.addScalars(tensor, scalars);
  }

  /** Goes on from what {@link #addScalars} said; what is not there is 0. */
  public void restoreScalars(int tensor, Map<String, Double> scalars) {
    Map<String, Double> kept = new LinkedHashMap<>();
    own.addScalars(tensor, kept);
    kept.replaceAll((name, _) -> scalars.getOrDefault(name, 0.0));
    own.restoreScalars(tensor, kept);
  }
}
