package io.spam4j.examples.training;

/**
 * One run of the training.
 *
 * @param optimizer its name among {@link TrainingOptimizer}s
 * @param spiked whether spikes are injected
 */
record RunName(String optimizer, boolean spiked) {
  /** As its files are called, such as {@code spam-clean}. */
  @Override
  public String toString() {
    return optimizer + (spiked ? "-spiked" : "-clean");
  }
}
