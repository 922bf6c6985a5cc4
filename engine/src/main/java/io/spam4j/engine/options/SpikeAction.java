package io.spam4j.engine.options;

/** What SPAM does with a gradient coordinate that spikes. */
public enum SpikeAction {
  /** It becomes the largest gradient that is none: sign(g) sqrt(theta v) (SPAM, equation 2). */
  CLIP,
  /** It becomes 0 (SPAM, Tables 12 and 13). */
  NULLIFY,
  /**
   * Another rule altogether (SPAM, Appendix J, Table 11): with a running mean G of the coordinate's
   * gradients and a running mean D of (g - G)^2, a gradient further than 3 sqrt(D) from G is
   * brought to that distance. The paper does not give the decay of the means; here it is beta2 for
   * both, so that this rule looks back as far as the other. Both means are corrected for their
   * start, take the gradient as it was brought in, and are reset with the moments. Nothing is
   * brought in during the steps without clipping. Costs two more state tensors, {@code
   * gradient_mean} and {@code gradient_var}.
   */
  GAUSSIAN,
  /** Nothing: no coordinate is a spike. */
  NONE
}
