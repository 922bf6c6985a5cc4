package io.spam4j.examples.simulate;

import io.spam4j.examples.simulate.SimulationResult.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What {@code simulate.html} reads: everything that is written on the page, and the curves. */
record SimulationPage(
    String headline,
    List<String> lead,
    String momentsHint,
    String numbersHint,
    Map<String, String> settings,
    int steps,
    List<MomentPanel> panels,
    List<Group> groups) {
  static final String HEADLINE = "What one gradient spike does to the moments";

  /** A part of the table: four cells a row. */
  record Group(String label, List<List<String>> rows) {}

  static SimulationPage of(SimulationResult result, Findings findings) {
    SimulationSettings settings = result.settings();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("gradients", settings.gradients());
    facts.put("seeds", String.format(Locale.ROOT, "%,d", settings.seeds()));
    facts.put("steps", String.valueOf(Simulation.STEPS));
    facts.put("decays", "β1 = %s, β2 = %s".formatted(Simulation.BETA1, Simulation.BETA2));
    return new SimulationPage(
        HEADLINE,
        lead(result),
        String.format(
            Locale.ROOT,
            "The mean of %,d seeds; both moments raw, without bias correction. The shaded band is one standard deviation of a single run around Adam's line without the spike. Stable-SPAM normalises gradients, so its moments have a scale of their own; its excess is over its own run without the spike.",
            settings.seeds()),
        "Means over the seeds, measured with the engine in float32; expected from closed forms in double. Where SPAM clips it takes sqrt(θ v): the mean of that has no closed form, its root mean square has.",
        facts,
        Simulation.STEPS,
        List.of(MomentPanel.first(result), MomentPanel.second(result)),
        findings.groups().stream().map(SimulationPage::group).toList());
  }

  private static List<String> lead(SimulationResult result) {
    Outcome adam = result.outcomes().getFirst();
    List<String> lines = new ArrayList<>();
    lines.add(
        "Figure 5 of the SPAM paper: %s, in %d steps. At the end %s's v is %s times what it is without the spike."
            .formatted(
                result.settings().gradients(), Simulation.STEPS, adam.label(), growth(adam)));
    lines.add(
        result.outcomes().stream()
            .skip(1)
            .map(
                outcome ->
                    String.format(
                        Locale.ROOT,
                        "%s takes the spike as %.2f (root mean square), and its v ends %s times as large.",
                        outcome.label(),
                        Math.sqrt(outcome.takenSquare().mean().getDouble(Simulation.SPIKE_STEP)),
                        growth(outcome)))
            .collect(Collectors.joining(" ")));
    return lines;
  }

  /** How much larger v is at the end than without the spike. */
  private static String growth(Outcome outcome) {
    double with = outcome.second().mean().getDouble(Simulation.STEPS);
    double without = outcome.cleanSecond().mean().getDouble(Simulation.STEPS);
    return String.format(Locale.ROOT, "%.1f", with / without);
  }

  private static Group group(Findings.Group group) {
    return new Group(
        group.label(),
        group.findings().stream()
            .map(
                finding ->
                    List.of(
                        finding.quantity(),
                        finding.measuredText(),
                        finding.errorText(),
                        finding.expectedText()))
            .toList());
  }
}
