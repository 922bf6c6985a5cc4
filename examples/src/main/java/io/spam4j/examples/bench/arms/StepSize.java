package io.spam4j.examples.bench.arms;

/** SPAM's numbers at each step, for the arms that have no engine to decide them. */
final class StepSize {
  /** theta. */
  static final float SPIKE_THRESHOLD = 5000;

  /** eps of SPAM, added to the uncorrected square root of v. */
  static final double EPSILON = 1e-6;

  /** eps of AdamW and Stable-SPAM, added after the bias correction. */
  static final double CORRECTED_EPSILON = 1e-8;

  private StepSize() {}

  /** Learning rate and bias correction: lr sqrt(1 - beta2^k) / (1 - beta1^k). */
  static double of(long step) {
    return ReferenceRule.LEARNING_RATE
        * Math.sqrt(correction(ReferenceRule.BETA2, step))
        / correction(ReferenceRule.BETA1, step);
  }

  /** 1 - beta^k. */
  static double correction(double beta, long step) {
    return 1 - Math.pow(beta, (double) step);
  }
}
