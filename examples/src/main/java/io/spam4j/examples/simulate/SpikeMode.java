package io.spam4j.examples.simulate;

import java.util.Locale;

/** How a spike enters a gradient. */
enum SpikeMode {
  /** It takes the gradient's place. */
  REPLACE,
  /** It is added to the gradient. */
  ADD;

  double spiked(double gradient) {
    return this == REPLACE ? Simulation.SPIKE : gradient + Simulation.SPIKE;
  }

  /** In words, after a distribution. */
  String words() {
    return (this == REPLACE ? "replaced by %.0f" : "plus %.0f").formatted(Simulation.SPIKE);
  }

  /** As on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
