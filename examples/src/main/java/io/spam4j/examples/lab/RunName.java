package io.spam4j.examples.lab;

/**
 * One run of the lab.
 *
 * @param optimizer its name in the lab
 * @param spiked whether spikes are injected
 */
record RunName(String optimizer, boolean spiked) {
  /** As its files are called, such as {@code spam-clean}. */
  @Override
  public String toString() {
    return optimizer + (spiked ? "-spiked" : "-clean");
  }
}
