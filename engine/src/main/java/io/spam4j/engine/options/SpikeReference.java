package io.spam4j.engine.options;

/** Which second moment a gradient's square is compared with. */
public enum SpikeReference {
  /**
   * v as it is kept, as in the paper and the authors' code: lenient once it has seen many steps.
   */
  RAW,
  /** v / (1 - beta2^k) for the k gradients it holds: the threshold means the same at any time. */
  CORRECTED
}
