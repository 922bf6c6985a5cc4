package io.spam4j.examples.simulate;

import java.util.List;

/** What the simulation found; written as JSON as it is. */
record SimulationResult(SimulationSettings settings, List<Outcome> outcomes) {
  /**
   * One contender.
   *
   * @param first m with the spike
   * @param second v with the spike
   * @param cleanFirst m of the same gradients without the spike
   * @param cleanSecond v of the same gradients without the spike
   * @param firstExcess {@code first - cleanFirst}, seed by seed
   * @param secondExcess {@code second - cleanSecond}, seed by seed
   * @param takenSquare the square of the gradient as it entered the moments: (v - beta2 v before) /
   *     (1 - beta2)
   */
  record Outcome(
      String name,
      String label,
      Series first,
      Series second,
      Series cleanFirst,
      Series cleanSecond,
      Series firstExcess,
      Series secondExcess,
      Series takenSquare) {
    static Outcome empty(Contender contender) {
      return new Outcome(
          contender.name(),
          contender.label(),
          new Series(),
          new Series(),
          new Series(),
          new Series(),
          new Series(),
          new Series(),
          new Series());
    }
  }
}
