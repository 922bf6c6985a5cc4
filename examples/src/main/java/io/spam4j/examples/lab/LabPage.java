package io.spam4j.examples.lab;

import io.spam4j.examples.lab.protocol.Arm;
import io.spam4j.examples.lab.protocol.Declaration;
import io.spam4j.examples.lab.protocol.Design;
import io.spam4j.examples.lab.protocol.Outcome;
import io.spam4j.examples.lab.protocol.Outcomes;
import io.spam4j.examples.lab.protocol.PairedTest;
import io.spam4j.examples.lab.protocol.RunSettings;
import io.spam4j.examples.lab.protocol.Tuning;
import io.spam4j.examples.lab.protocol.Verdict;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The report as a page of Markdown; it follows from the runs alone, without their times. */
final class LabPage {
  /** The same for all runs of an arm, or told elsewhere. */
  private static final Set<String> NOT_TOLD =
      Set.of("optimizer", RunSettings.SEED, RunSettings.STEPS);

  private final StringBuilder page = new StringBuilder();
  private final Outcomes outcomes;

  private LabPage(Outcomes outcomes) {
    this.outcomes = outcomes;
  }

  static String of(Declaration declaration, List<Lab.Asked> asked, Outcomes outcomes) {
    LabPage page = new LabPage(outcomes);
    page.line("# What the lab found");
    page.line("");
    page.line(
        "Losses in nats a byte on the test text; differences are rival minus the arm that is said to"
            + " be better, by seed, with Student's 95 % interval; p of the exact sign-flip test after"
            + " Holm's correction over the claims of an experiment. Declared before: SHA-256 %s."
                .formatted(declaration.checksum()));
    asked.forEach(page::experiment);
    return page.page.toString();
  }

  private void experiment(Lab.Asked asked) {
    Design design = asked.design();
    line("");
    line("## " + design.experiment().title());
    line("");
    line(design.experiment().question());
    line("");
    int left = design.runsLeft(outcomes);
    line(
        "Experiment `%s`, preset `%s`: %d steps, at most %d runs to tune an arm, %d seeds; text `%s`%s."
            .formatted(
                design.experiment().name(),
                design.preset().name(),
                design.preset().steps(),
                design.preset().trials(),
                design.preset().seeds().size(),
                asked.task().get("task.text", "own"),
                left == 0 ? "" : "; **%d runs are missing**".formatted(left)));
    line("");
    line("| claim | paper | here | wins | p | verdict | what would change it |");
    line("|---|---|---|---|---|---|---|");
    design.verdicts(outcomes).forEach(this::verdict);
    line("");
    line("| arm | loss, mean of seeds | diverged | tuned to | runs to tune |");
    line("|---|---|---|---|---|");
    design.experiment().arms().forEach(arm -> arm(design, arm));
  }

  private void verdict(Verdict verdict) {
    Optional<PairedTest> test = verdict.test();
    String against = verdict.claim().than().size() == 1 ? "" : " (here " + verdict.rival() + ")";
    String diverged =
        verdict.divergedBetter() + verdict.divergedRival() == 0
            ? ""
            : "; diverged %d, %d".formatted(verdict.divergedBetter(), verdict.divergedRival());
    line(
        "| %s%s | %s: %s | %s%s | %s | %s | **%s** | %s |"
            .formatted(
                verdict.claim().statement(),
                against,
                verdict.claim().source(),
                verdict.claim().paper(),
                test.map(LabPage::interval).orElse("-"),
                diverged,
                test.map(t -> t.wins() + " of " + t.pairs()).orElse("-"),
                test.isPresent() ? number(verdict.p()) : "-",
                verdict.word(),
                verdict.claim().change()));
  }

  private static String interval(PairedTest test) {
    return "%s (%s to %s)".formatted(signed(test.mean()), signed(test.low()), signed(test.high()));
  }

  private void arm(Design design, Arm arm) {
    Tuning tuning = design.tuning(arm, outcomes);
    List<Outcome> evaluated =
        design.evaluation(tuning).values().stream()
            .map(outcomes::of)
            .flatMap(Optional::stream)
            .toList();
    long diverged = evaluated.stream().filter(Outcome::diverged).count();
    double mean =
        evaluated.stream()
            .filter(outcome -> !outcome.diverged())
            .mapToDouble(Outcome::test)
            .average()
            .orElse(Double.NaN);
    Map<String, String> tuned = new TreeMap<>(tuning.best().values());
    tuned.keySet().removeIf(name -> NOT_TOLD.contains(name) || name.indexOf('.') >= 0);
    line(
        "| `%s` | %s | %d of %d | %s | %d |"
            .formatted(
                arm.name(),
                Double.isNaN(mean) ? "-" : String.format(Locale.ROOT, "%.4f", mean),
                diverged,
                evaluated.size(),
                tuned.entrySet().stream()
                    .map(setting -> setting.getKey() + " " + setting.getValue())
                    .collect(Collectors.joining(", ")),
                tuning.trials().size()));
  }

  private static String signed(double value) {
    return String.format(Locale.ROOT, "%+.4f", value);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  private void line(String text) {
    page.append(text).append('\n');
  }
}
