package io.spam4j.engine.options;

/** How weight decay enters an update. Its size is learning rate times weight decay. */
public enum WeightDecayMode {
  /** w is multiplied by 1 - lr * decay before the update (AdamW, arXiv 1711.05101). */
  BEFORE,
  /** w is multiplied by 1 - lr * decay after the update, as in the SPAM authors' code. */
  AFTER,
  /** decay * w is added to the gradient, so that it passes through the moments (L2, Adam). */
  COUPLED
}
