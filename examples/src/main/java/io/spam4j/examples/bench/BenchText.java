package io.spam4j.examples.bench;

import io.spam4j.examples.bench.BenchReport.ArmResult;
import io.spam4j.examples.bench.BenchReport.Skipped;
import io.spam4j.examples.bench.values.BenchSize;
import io.spam4j.examples.output.Quantities;
import io.spam4j.examples.output.TextTable;
import io.spam4j.examples.shell.Machine;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A {@link BenchReport} for people. */
final class BenchText {
  private static final List<String> TITLES =
      List.of(
          "arm",
          "weights",
          "B/weight",
          "median",
          "spread",
          "limit",
          "ratio",
          "of spam",
          "GB/s",
          "ns/weight",
          "rounds");
  private static final String SPAM = "spam-f32";

  private BenchText() {}

  /** The machine, a line an arm, and what the columns mean. */
  static List<String> lines(BenchReport report) {
    Machine machine = report.machine();
    List<String> lines = new ArrayList<>();
    lines.add(machine.processor() + ", " + machine.system() + ", Java " + machine.java());
    lines.add(
        "%d cores, %d threads (1 in cache), vectors of %d bits"
            .formatted(machine.cores(), machine.threads(), machine.vectorBits()));
    lines.add("");
    if (!report.arms().isEmpty()) {
      List<List<String>> rows = new ArrayList<>();
      rows.add(TITLES);
      report.arms().forEach(arm -> rows.add(row(arm, report.arms())));
      lines.addAll(TextTable.aligned(rows));
    }
    for (Skipped skipped : report.skipped()) {
      lines.add(skipped.name() + " skipped: " + skipped.reason());
    }
    lines.add("");
    lines.add("B/weight: what the update must read and write; limit: a loop that does only that");
    lines.add("ratio: median / limit; spread: half the quartiles' distance in % of the median");
    lines.add("of spam: median / that of spam-f32 on the same weights; GB/s: at those B/weight");
    lines.add(
        "rounds: fewer where all would take too long; each is one time, in turn with the rest");
    return lines;
  }

  private static List<String> row(ArmResult arm, List<ArmResult> all) {
    double bytes = arm.bytesPerWeight() * arm.weights();
    return List.of(
        arm.name(),
        Quantities.count(arm.weights()),
        number("%.2f", arm.bytesPerWeight()),
        time(arm.medianNs()),
        number("%.1f %%", arm.spread()),
        time(arm.limitNs()),
        number("%.3f", arm.ratioToLimit()),
        ofSpam(arm, all),
        number("%.1f", bytes / arm.medianNs()),
        number("%.3f", arm.medianNs() / arm.weights()),
        String.valueOf(arm.rounds()));
  }

  /** Against SPAM's arm of the same size, if it was timed. */
  private static String ofSpam(ArmResult arm, List<ArmResult> all) {
    String suffix = "";
    for (BenchSize size : BenchSize.values()) {
      suffix =
          !size.suffix().isEmpty() && arm.name().endsWith(size.suffix()) ? size.suffix() : suffix;
    }
    String spam = SPAM + suffix;
    return all.stream()
        .filter(other -> other.name().equals(spam))
        .map(other -> number("%.3f", arm.medianNs() / other.medianNs()))
        .findFirst()
        .orElse("-");
  }

  private static String time(double nanos) {
    return nanos >= 1e6 ? number("%.2f ms", nanos / 1e6) : number("%.2f us", nanos / 1e3);
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
