package io.spam4j.examples.simulate;

import static io.spam4j.examples.simulate.Simulation.BETA1;
import static io.spam4j.examples.simulate.Simulation.SPIKE_STEP;
import static io.spam4j.examples.simulate.Simulation.STEPS;

import io.spam4j.examples.simulate.SimulationResult.Outcome;
import it.unimi.dsi.fastutil.doubles.DoubleList;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The numbers of the simulation, in groups: one without the spike, from the first contender, then
 * one a contender.
 */
record Findings(List<Group> groups) {
  /** Findings of one optimizer. */
  record Group(String name, String label, List<Finding> findings) {}

  /** From here on m has forgotten its start: beta1^60 is 0.002. */
  private static final int SETTLED = 60;

  static Findings of(SimulationResult result, List<Contender> contenders) {
    List<Group> groups = new ArrayList<>();
    Outcome first = result.outcomes().getFirst();
    groups.add(
        new Group(
            "without the spike",
            "Without the spike (%s)".formatted(first.label()),
            clean(result, first, contenders.getFirst())));
    for (int i = 0; i < contenders.size(); i++) {
      Outcome outcome = result.outcomes().get(i);
      groups.add(
          new Group(outcome.name(), outcome.label(), spiked(result, outcome, contenders.get(i))));
    }
    return new Findings(groups);
  }

  private static List<Finding> clean(SimulationResult result, Outcome outcome, Contender of) {
    Builder found = new Builder(result.settings(), of.spikeThreshold());
    found.mean("m at t = 30", outcome.cleanFirst(), SPIKE_STEP, e -> e.cleanFirst(SPIKE_STEP));
    found.add(
        "standard deviation of m, t from %d".formatted(SETTLED),
        noise(outcome),
        noiseError(result, outcome),
        e -> e.noise());
    found.mean("v at t = 30", outcome.cleanSecond(), SPIKE_STEP, e -> e.cleanSecond(SPIKE_STEP));
    found.mean("v at t = 200", outcome.cleanSecond(), STEPS, e -> e.cleanSecond(STEPS));
    return found.findings;
  }

  private static List<Finding> spiked(SimulationResult result, Outcome outcome, Contender of) {
    Builder found = new Builder(result.settings(), of.spikeThreshold());
    double taken = Math.sqrt(outcome.takenSquare().mean().getDouble(SPIKE_STEP));
    found.add(
        "gradient taken at t = 30, root mean square",
        taken,
        found.error(outcome.takenSquare(), SPIKE_STEP) / (2 * taken),
        Expectation::taken);
    found.mean(
        "m at t = 30",
        outcome.first(),
        SPIKE_STEP,
        e -> e.cleanFirst(SPIKE_STEP) + e.firstExcess(SPIKE_STEP));
    for (int t : new int[] {60, 80}) {
      found.mean("excess of m at t = " + t, outcome.firstExcess(), t, e -> e.firstExcess(t));
    }
    double noise = noise(outcome);
    DoubleList excess = outcome.firstExcess().mean();
    found.add(
        "steps until excess of m < deviation of m",
        steps(excess, noise),
        Double.NaN,
        e -> Expectation.steps(e.noise() / e.firstExcess(SPIKE_STEP)));
    found.add(
        "steps until excess of m < 1 % of its start",
        steps(excess, 0.01 * Math.abs(excess.getDouble(SPIKE_STEP))),
        Double.NaN,
        _ -> Expectation.steps(0.01));
    found.mean(
        "v at t = 30",
        outcome.second(),
        SPIKE_STEP,
        e -> e.cleanSecond(SPIKE_STEP) + e.secondExcess(SPIKE_STEP));
    found.mean("excess of v at t = 200", outcome.secondExcess(), STEPS, e -> e.secondExcess(STEPS));
    found.mean(
        "v at t = 200", outcome.second(), STEPS, e -> e.cleanSecond(STEPS) + e.secondExcess(STEPS));
    return found.findings;
  }

  private static double noise(Outcome outcome) {
    double squares = 0;
    for (int t = SETTLED; t <= STEPS; t++) {
      double deviation = outcome.cleanFirst().deviation().getDouble(t);
      squares += deviation * deviation;
    }
    return Math.sqrt(squares / (STEPS - SETTLED + 1));
  }

  /**
   * Of {@link #noise}. A variance from n samples has a relative error of sqrt(2 / n), a deviation
   * half of that. The squared deviations of m at two steps correlate by beta1^2 to the power of
   * their distance, so (1 + beta1^2) / (1 - beta1^2) steps count as one.
   */
  private static double noiseError(SimulationResult result, Outcome outcome) {
    double square = BETA1 * BETA1;
    double independent = (STEPS - SETTLED + 1) * (1 - square) / (1 + square);
    return noise(outcome) / Math.sqrt(2 * result.settings().seeds() * independent);
  }

  /** The steps after the spike until the excess is below a level; not a number if it never is. */
  private static double steps(DoubleList excess, double level) {
    for (int t = SPIKE_STEP; t <= STEPS; t++) {
      if (Math.abs(excess.getDouble(t)) < level) {
        return t - SPIKE_STEP;
      }
    }
    return Double.NaN;
  }

  /** Something that an expectation tells. */
  @FunctionalInterface
  private interface Expected {
    double of(Expectation expectation);
  }

  private static final class Builder {
    final List<Finding> findings = new ArrayList<>();
    private final SimulationSettings settings;
    private final OptionalDouble spikeThreshold;

    Builder(SimulationSettings settings, OptionalDouble spikeThreshold) {
      this.settings = settings;
      this.spikeThreshold = spikeThreshold;
    }

    void mean(String quantity, Series series, int t, Expected expected) {
      add(quantity, series.mean().getDouble(t), error(series, t), expected);
    }

    void add(String quantity, double measured, double standardError, Expected expected) {
      double expects =
          spikeThreshold.isPresent()
              ? expected.of(new Expectation(settings, spikeThreshold.getAsDouble()))
              : Double.NaN;
      findings.add(new Finding(quantity, measured, standardError, expects));
    }

    double error(Series series, int t) {
      return series.deviation().getDouble(t) / Math.sqrt(settings.seeds());
    }
  }

  /** The table for a terminal. */
  String text() {
    String row = "%-46s %10s %10s %10s%n";
    StringBuilder text = new StringBuilder();
    text.append(row.formatted("", "measured", "std error", "expected"));
    for (Group group : groups) {
      text.append(group.name()).append(System.lineSeparator());
      for (Finding finding : group.findings()) {
        text.append(
            row.formatted(
                "  " + finding.quantity(),
                finding.measuredText(),
                finding.errorText(),
                finding.expectedText()));
      }
    }
    return text.toString();
  }
}
