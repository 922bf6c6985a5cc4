package io.spam4j.examples.simulate;

import static io.spam4j.examples.simulate.Simulation.BETA1;
import static io.spam4j.examples.simulate.Simulation.BETA2;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * An optimizer that is sent through the simulation.
 *
 * @param name as on the terminal
 * @param label as in charts
 * @param spikeThreshold theta: a spike is clipped to sqrt(theta v), infinity if it is not clipped;
 *     empty if the moments are not those of Adam on a gradient clipped like this, so that nothing
 *     is expected of them
 * @param elementwise whether coordinates do not see each other, so that all seeds fit one tensor;
 *     otherwise each seed is a tensor of its own
 * @param build makes the optimizer
 */
record Contender(
    String name,
    String label,
    OptionalDouble spikeThreshold,
    boolean elementwise,
    Function<List<Parameter>, Optimizer> build) {
  /** All, in the order of table and charts. */
  static final List<Contender> ALL =
      List.of(
          new Contender(
              "adam",
              "Adam",
              OptionalDouble.of(Double.POSITIVE_INFINITY),
              true,
              Adam.builder().betas(BETA1, BETA2)::build),
          spam("spam-5000", 5000),
          spam("spam-1000", 1000),
          new Contender(
              "stable-spam",
              "Stable-SPAM",
              OptionalDouble.empty(),
              false,
              StableSpam.builder().betas(BETA1, BETA2)::build));

  private static Contender spam(String name, double threshold) {
    return new Contender(
        name,
        "SPAM, θ = %.0f".formatted(threshold),
        OptionalDouble.of(threshold),
        true,
        Spam.builder().betas(BETA1, BETA2).spikeThreshold(threshold)::build);
  }
}
