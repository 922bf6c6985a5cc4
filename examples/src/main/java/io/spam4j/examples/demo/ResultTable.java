package io.spam4j.examples.demo;

import io.spam4j.examples.output.Quantities;
import io.spam4j.examples.output.TextTable;
import io.spam4j.examples.training.RunResult;
import io.spam4j.examples.training.TrainingResult;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * The results, a row an optimizer, as they are shown on the console and in the report. Perplexity
 * is per byte, on text that was held out; times are means over the steps of the faster run.
 *
 * @param state the format of all optimizers' moments, such as {@code bf16}
 * @param rows in the order the optimizers ran
 */
record ResultTable(String state, List<Row> rows) {
  /** The cells of one optimizer; a cell of a run that did not happen says {@code not run}. */
  record Row(
      String optimizer,
      Perplexity clean,
      Perplexity spiked,
      String clippedClean,
      String clippedSpiked,
      String state,
      String optimizerMillis,
      String modelMillis) {}

  /** A perplexity, or why there is none; {@code best} marks the lowest of its column. */
  record Perplexity(String text, boolean best) {}

  private static final String NOT_RUN = "not run";

  private static final List<List<String>> HEADS =
      List.of(
          List.of("optimizer", ""),
          List.of("perplexity", "clean"),
          List.of("perplexity", "spiked"),
          List.of("clipped", "clean"),
          List.of("clipped", "spiked"));

  /** The table of a result, in the order the optimizers ran. */
  static ResultTable of(TrainingResult result) {
    Map<String, Pair> pairs = new LinkedHashMap<>();
    for (RunResult run : result.runs()) {
      pairs.merge(run.optimizer(), Pair.of(run), Pair::with);
    }
    double bestClean = best(pairs.values(), Pair::clean);
    double bestSpiked = best(pairs.values(), Pair::spiked);
    List<Row> rows = new ArrayList<>();
    pairs.forEach(
        (optimizer, pair) ->
            rows.add(
                new Row(
                    optimizer,
                    perplexity(pair.clean(), bestClean),
                    perplexity(pair.spiked(), bestSpiked),
                    clipped(pair.clean()),
                    clipped(pair.spiked()),
                    Quantities.bytes(
                        pair.runs().mapToLong(RunResult::stateBytes).max().orElseThrow()),
                    Quantities.millis(pair.fastest(RunResult::optimizerMillis)),
                    Quantities.millis(pair.fastest(RunResult::modelMillis)))));
    return new ResultTable(result.state(), List.copyOf(rows));
  }

  /**
   * The table for a console, its columns aligned; {@code *} marks the best of a column. It has no
   * measured times: the same settings give the same text.
   */
  String text() {
    List<List<String>> lines = new ArrayList<>();
    List<String> stateHead = List.of("state", state);
    for (int line = 0; line < 2; line++) {
      int of = line;
      lines.add(
          Stream.concat(HEADS.stream(), Stream.of(stateHead)).map(head -> head.get(of)).toList());
    }
    for (Row row : rows) {
      lines.add(
          List.of(
              row.optimizer(),
              starred(row.clean()),
              starred(row.spiked()),
              row.clippedClean(),
              row.clippedSpiked(),
              row.state()));
    }
    return ruled(lines, 2);
  }

  /** The measured times for a console, in milliseconds a step. */
  String times() {
    List<List<String>> lines = new ArrayList<>();
    lines.add(List.of("ms a step", "optimizer", "model"));
    for (Row row : rows) {
      lines.add(List.of(row.optimizer(), row.optimizerMillis(), row.modelMillis()));
    }
    return ruled(lines, 1);
  }

  /** Aligned lines with a rule below the headings. */
  private static String ruled(List<List<String>> lines, int headings) {
    var text = new StringBuilder();
    int number = 0;
    for (String line : TextTable.aligned(lines)) {
      text.append(line.stripTrailing()).append('\n');
      if (++number == headings) {
        text.append("-".repeat(line.length())).append('\n');
      }
    }
    return text.toString();
  }

  /** Whether a run's loss, or that on the validation text, left the finite numbers. */
  static boolean diverged(RunResult run) {
    boolean lossLost = !run.samples().isEmpty() && !Double.isFinite(run.samples().getLast().loss());
    return lossLost || (run.finished() && !Double.isFinite(run.validationPerplexity()));
  }

  private static String starred(Perplexity perplexity) {
    return perplexity.text() + (perplexity.best() ? "*" : " ");
  }

  private static double best(Collection<Pair> pairs, Function<Pair, Optional<RunResult>> side) {
    return pairs.stream()
        .flatMap(pair -> side.apply(pair).stream())
        .filter(run -> !diverged(run))
        .mapToDouble(RunResult::validationPerplexity)
        .filter(Double::isFinite)
        .min()
        .orElse(Double.NaN);
  }

  private static Perplexity perplexity(Optional<RunResult> run, double best) {
    return run.map(
            result ->
                new Perplexity(
                    outcome(result), !diverged(result) && result.validationPerplexity() == best))
        .orElse(new Perplexity(NOT_RUN, false));
  }

  private static String outcome(RunResult run) {
    if (diverged(run)) {
      return "diverged";
    }
    if (!run.finished()) {
      return "stopped at " + run.samples().size();
    }
    return Quantities.level(run.validationPerplexity());
  }

  private static String clipped(Optional<RunResult> run) {
    return run.map(result -> Quantities.count(result.spikesClipped())).orElse(NOT_RUN);
  }

  /** The two runs of an optimizer; at least one happened. */
  private record Pair(Optional<RunResult> clean, Optional<RunResult> spiked) {
    static Pair of(RunResult run) {
      return run.spiked()
          ? new Pair(Optional.empty(), Optional.of(run))
          : new Pair(Optional.of(run), Optional.empty());
    }

    Pair with(Pair later) {
      return new Pair(later.clean.or(() -> clean), later.spiked.or(() -> spiked));
    }

    Stream<RunResult> runs() {
      return Stream.concat(clean.stream(), spiked.stream());
    }

    /** Of the faster run: the first run of a process also pays for its warm-up. */
    double fastest(ToDoubleFunction<RunResult> millis) {
      return runs().filter(run -> !run.samples().isEmpty()).mapToDouble(millis).min().orElse(0);
    }
  }
}
