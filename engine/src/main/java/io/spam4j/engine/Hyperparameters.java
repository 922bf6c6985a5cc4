package io.spam4j.engine;

/** What may differ from parameter to parameter; checked when a builder builds. */
record Hyperparameters(
    Schedule learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    double spikeThreshold) {
  Hyperparameters {
    Checks.decay("beta1", beta1);
    Checks.decay("beta2", beta2);
    Checks.notNegative("epsilon", epsilon);
    Checks.notNegative("weightDecay", weightDecay);
    Checks.notNegative("spikeThreshold", spikeThreshold);
  }
}
