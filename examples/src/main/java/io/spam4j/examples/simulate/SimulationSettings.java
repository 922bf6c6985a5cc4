package io.spam4j.examples.simulate;

import java.util.Locale;

/**
 * What is simulated.
 *
 * @param seeds independent runs, in [2, 10,000,000]
 * @param distribution of the gradients
 * @param mode how the spike enters
 */
record SimulationSettings(int seeds, Distribution distribution, SpikeMode mode) {
  private static final int MOST_SEEDS = 10_000_000;

  /**
   * Checks the number of seeds.
   *
   * @throws IllegalArgumentException if it is out of its range
   */
  SimulationSettings {
    if (seeds < 2 || seeds > MOST_SEEDS) {
      throw new IllegalArgumentException(
          "seeds must be in [2, %d]: seeds=%d".formatted(MOST_SEEDS, seeds));
    }
  }

  /** The gradients in words, such as {@code g ~ U[0.1, 0.2), plus 10 at t = 30}. */
  String gradients() {
    return "g ~ %s, %s at t = %d"
        .formatted(distribution.formula(), mode.words(), Simulation.SPIKE_STEP);
  }

  /** The rest in words. */
  String conditions() {
    return String.format(
        Locale.ROOT,
        "mean of %,d seeds, beta1 = %s, beta2 = %s",
        seeds,
        Simulation.BETA1,
        Simulation.BETA2);
  }
}
