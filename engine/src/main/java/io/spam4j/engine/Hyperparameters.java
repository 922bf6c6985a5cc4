package io.spam4j.engine;

/** The hyper-parameters of one parameter; see {@link OptimizerBuilder} for ranges and symbols. */
record Hyperparameters(
    Schedule learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    double spikeThreshold,
    double density) {
  Hyperparameters {
    Checks.decay("beta1", beta1);
    Checks.decay("beta2", beta2);
    Checks.notNegative("epsilon", epsilon);
    Checks.notNegative("weightDecay", weightDecay);
    Checks.notNegative("spikeThreshold", spikeThreshold);
    if (!(density > 0 && density <= 1)) {
      throw new IllegalArgumentException(
          "density must be in (0, 1]; to leave a parameter as it is do not list it: density="
              + density);
    }
  }

  /** Whether only some of the weights have moments. */
  boolean isSparse() {
    return density < 1;
  }

  /** How many of {@code elements} weights have moments: floor(d n). */
  long selected(long elements) {
    return (long) Math.floor(density * elements);
  }
}
