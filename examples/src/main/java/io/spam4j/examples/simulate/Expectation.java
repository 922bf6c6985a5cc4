package io.spam4j.examples.simulate;

import static io.spam4j.examples.simulate.Simulation.BETA1;
import static io.spam4j.examples.simulate.Simulation.BETA2;
import static io.spam4j.examples.simulate.Simulation.SPIKE;
import static io.spam4j.examples.simulate.Simulation.SPIKE_STEP;

/**
 * What the moments are in the mean over all seeds, in closed form, for Adam and for SPAM if it
 * clips the spike and nothing else:
 *
 * <pre>
 * E[m_t] = (1 - beta1^t) E[g]         without the spike, likewise v with beta2 and E[g^2]
 * excess of m = (1 - beta1) (E[spike] - E[g]) beta1^(t-30)
 * excess of v = (1 - beta2) (E[taken^2] - E[g^2]) beta2^(t-30)
 * E[taken^2] = min(E[spike^2], theta E[v_29])
 * </pre>
 *
 * <p>The mean of what SPAM takes, sqrt(theta v_29), has no closed form: its m is not a number here.
 *
 * @param settings the gradients
 * @param spikeThreshold theta; infinity for Adam
 */
record Expectation(SimulationSettings settings, double spikeThreshold) {
  double cleanFirst(int t) {
    return (1 - Math.pow(BETA1, t)) * settings.distribution().mean();
  }

  double cleanSecond(int t) {
    return (1 - Math.pow(BETA2, t)) * settings.distribution().meanSquare();
  }

  /** The standard deviation of m from seed to seed, without the spike, long after the start. */
  double noise() {
    return Math.sqrt(settings.distribution().variance() * (1 - BETA1) / (1 + BETA1));
  }

  /** The root mean square of the gradient that enters the moments at the spike's step. */
  double taken() {
    return Math.sqrt(Math.min(spikeSquare(), spikeThreshold * cleanSecond(SPIKE_STEP - 1)));
  }

  double firstExcess(int t) {
    return isClipped()
        ? Double.NaN
        : (1 - BETA1)
            * (spikeMean() - settings.distribution().mean())
            * Math.pow(BETA1, t - SPIKE_STEP);
  }

  double secondExcess(int t) {
    return (1 - BETA2)
        * (taken() * taken() - settings.distribution().meanSquare())
        * Math.pow(BETA2, t - SPIKE_STEP);
  }

  /** The steps after the spike until the excess of m is below a part of what it starts with. */
  static double steps(double part) {
    return Math.max(0, Math.ceil(Math.log(part) / Math.log(BETA1)));
  }

  private boolean isClipped() {
    return spikeSquare() > spikeThreshold * cleanSecond(SPIKE_STEP - 1);
  }

  private double spikeMean() {
    return switch (settings.mode()) {
      case REPLACE -> SPIKE;
      case ADD -> SPIKE + settings.distribution().mean();
    };
  }

  private double spikeSquare() {
    return switch (settings.mode()) {
      case REPLACE -> SPIKE * SPIKE;
      case ADD ->
          SPIKE * SPIKE
              + 2 * SPIKE * settings.distribution().mean()
              + settings.distribution().meanSquare();
    };
  }
}
