package io.spam4j.engine.decision;

/**
 * What <em>decide</em> tells <em>apply</em>: the numbers of one tensor at one step. Mutable and
 * reused, one a tensor, because a step allocates nothing; a kernel only reads it.
 *
 * <p>Most are decided anew at each step. <em>Set once</em> stands where the family never comes back
 * to a number: what a {@link Decision} puts there stays until it puts something else. <em>Of the
 * transforms</em> stands where what a decision puts there is lost, because the {@code
 * GradientTransform}s of the optimizer decide after it.
 *
 * <pre>
 * g = normScale * clip(gradientScale * gradient), limited to gradientLimit, + coupledDecay * w
 * a spike, g^2 &gt; spikeThreshold * v, is clipped
 * w = decayBefore * w
 * m = beta1 m + oneMinusBeta1 g;  v = beta2 v + oneMinusBeta2 g^2
 * w = w - stepSize * m / (sqrt(v) + epsilon) - decayAfter * w
 * </pre>
 */
public final class UpdateCoefficients {
  /**
   * Factor on the gradient before all else: clipping by the global norm; 1 for none. Of the
   * transforms.
   */
  public float gradientScale = 1;

  /**
   * T of AdaClip: a scaled gradient coordinate of larger magnitude is lowered; infinity for none.
   * Of the transforms.
   */
  public float clipAbove = Float.POSITIVE_INFINITY;

  /**
   * M of AdaClip: what is lowered is first divided by this, the largest magnitude of the tensor. Of
   * the transforms.
   */
  public float clipDivisor = 1;

  /** T of AdaClip again: then multiplied by this. Of the transforms. */
  public float clipTo = 1;

  /** Factor on the gradient after that: AdaGN; 1 for none. Of the transforms. */
  public float normScale = 1;

  /**
   * Largest magnitude of a gradient coordinate after all of the above; larger ones are limited to
   * it and counted. Set once.
   */
  public float gradientLimit = Float.POSITIVE_INFINITY;

  /** L2 regularisation: this times the weight is added to the gradient; 0 for none. Set once. */
  public float coupledDecay;

  /** theta: a coordinate is a spike if g^2 exceeds this times v; infinity switches clipping off. */
  public float spikeThreshold = Float.POSITIVE_INFINITY;

  /** Whether a spike becomes 0, instead of the largest gradient that is none. Set once. */
  public boolean nullifiesSpikes;

  /**
   * Whether a coordinate with v = 0 can be a spike; then it is clipped to 0, as in Algorithm 1. Set
   * once.
   */
  public boolean clipsAtZero;

  /** Whether a coordinate that is NaN or Inf leaves its weight and moments untouched. Set once. */
  public boolean skipsNonFinite;

  /** Whether {@code SpikeAction.GAUSSIAN} brings in what is far from the mean. */
  public boolean clipsDeviations;

  /** 1 - beta2^k of the k gradients in the mean that it keeps; 0 for none. */
  public float meanCorrection;

  /** The same for the mean of squared distances. */
  public float varianceCorrection;

  /** beta1. */
  public float beta1;

  /** 1 - beta1, rounded from double. */
  public float oneMinusBeta1;

  /** beta2. Set once. */
  public float beta2;

  /** 1 - beta2, rounded from double. Set once. */
  public float oneMinusBeta2;

  /**
   * Moments of smaller magnitude are 0, when they are read too; 0 to keep subnormal ones. Set once.
   */
  public float flushBelow;

  /** Added to the square root of v; carries the bias correction where eps is meant corrected. */
  public float epsilon;

  /** Learning rate, warm-up and bias correction in one. */
  public float stepSize;

  /**
   * For {@code MomentFormat.BF16_EMULATED} alone: factor on m / (sqrt(v) + eps), the warm-up where
   * stepSize is without it.
   */
  public float directionScale = 1;

  /** Decoupled weight decay before the update: a factor on the weight; 1 for none. */
  public float decayBefore = 1;

  /**
   * Decoupled weight decay after the update: this times the weight is subtracted; 0 for none. Not a
   * factor, as decayBefore is, because 1 - decay would round, the same way at every step.
   */
  public float decayAfter;

  /** Whether both moments are 0 throughout, before this gradient. */
  public boolean momentsAreZero;

  /** Whether both moments are zeroed before this gradient; by the caller, not by the kernel. */
  public boolean resetsMoments;

  /** Whether both moments are zeroed after the update; by the caller too. */
  public boolean zeroesMomentsAfter;

  /** Whether the update leaves the weights to another pass, that of amsgrad. Set once. */
  public boolean leavesWeights;

  /** The numbers of an update that changes nothing but the moments of a zero gradient. */
  public UpdateCoefficients() {}

  /** Whether the update can change a weight at all; a learning rate of 0 leaves every bit as is. */
  public boolean movesWeights() {
    return !leavesWeights && changesWeights();
  }

  /**
   * Whether all that happens to weights is that a number is added which does not depend on them.
   */
  public boolean onlyAdds() {
    boolean decays = coupledDecay != 0 || decayBefore != 1 || decayAfter != 0;
    return movesWeights() && !decays;
  }

  /** The same, whichever pass does it. */
  public boolean changesWeights() {
    return stepSize != 0 || decayBefore != 1 || decayAfter != 0;
  }
}
