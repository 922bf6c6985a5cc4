package io.spam4j.engine.options;

/** Where eps is added in the denominator of the update. */
public enum EpsilonMode {
  /**
   * To the square root of the corrected second moment: m^ / (sqrt(v^) + eps), as in the Adam paper
   * (arXiv 1412.6980, Algorithm 1) and torch.optim.Adam.
   */
  CORRECTED,
  /**
   * To the square root of the raw second moment: the corrections go into the step size, as in the
   * SPAM authors' code. Early on this acts like an eps up to 32 times larger.
   */
  UNCORRECTED
}
