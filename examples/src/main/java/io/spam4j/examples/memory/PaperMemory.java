package io.spam4j.examples.memory;

import io.spam4j.examples.models.ModelWeight;
import java.util.List;

/**
 * Weights and optimizer state as the papers count them: two bytes a number (BF16), no gradients, no
 * masks.
 *
 * <pre>
 * bytes = 2 (P + S)
 * Adam:   S = 2 P
 * SPAM:   S = 2 (P_dense + d P_target)
 * GaLore: S = 2 P_dense + sum over targets of m r + 2 n r     (m x n, m &lt;= n, rank r)
 * </pre>
 *
 * @param parameters P, all weights
 * @param targets P_target, the weights of targets
 * @param galoreStates the sum over targets of m r + 2 n r
 */
record PaperMemory(long parameters, long targets, long galoreStates) {
  private static final int BF16_BYTES = 2;

  /**
   * Counts a model's weights.
   *
   * @param rank of GaLore; from 1 to the smallest extent of a target
   * @throws IllegalArgumentException if a target has a smaller extent than the rank
   */
  static PaperMemory of(List<ModelWeight> weights, int rank) {
    long parameters = 0;
    long targets = 0;
    long galoreStates = 0;
    for (ModelWeight weight : weights) {
      parameters += weight.elements();
      if (weight.target()) {
        long m = Math.min(weight.shape().get(0), weight.shape().get(1));
        long n = Math.max(weight.shape().get(0), weight.shape().get(1));
        if (rank < 1 || rank > m) {
          throw new IllegalArgumentException(
              "rank must be in [1, smaller extent]: rank=%d, weight=%s, shape=%s"
                  .formatted(rank, weight.name(), weight.shape()));
        }
        targets += weight.elements();
        galoreStates += rank * (m + 2 * n);
      }
    }
    return new PaperMemory(parameters, targets, galoreStates);
  }

  /** The density d at which SPAM holds as many numbers of state as GaLore. */
  double galoreDensity() {
    return galoreStates / (2.0 * targets);
  }

  /** Bytes with Adam, or with SPAM at density 1. */
  long adamBytes() {
    return BF16_BYTES * 3 * parameters;
  }

  /**
   * Bytes with SPAM.
   *
   * @param density of the targets' momentum, in [0, 1]
   */
  long spamBytes(double density) {
    long dense = parameters - targets;
    return BF16_BYTES * (parameters + 2 * dense + Math.round(2 * density * targets));
  }
}
