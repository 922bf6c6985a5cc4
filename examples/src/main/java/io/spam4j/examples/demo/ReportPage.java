package io.spam4j.examples.demo;

import io.spam4j.examples.output.Curve;
import io.spam4j.examples.output.Quantities;
import io.spam4j.examples.training.RunResult;
import io.spam4j.examples.training.StepSample;
import io.spam4j.examples.training.TrainingResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the report's script draws: everything that is written on the page, and the curves, thinned
 * and smoothed here so that the script only draws. Its names are those that {@code report.html}
 * reads.
 */
record ReportPage(
    String headline,
    List<String> lead,
    boolean interrupted,
    Map<String, String> settings,
    Map<String, String> optimizers,
    ResultTable table,
    int window,
    int stride,
    double threshold,
    List<Run> runs) {

  /** The settings key of theta, the g²/v above which SPAM calls a coordinate a spike. */
  private static final String THRESHOLD = "threshold";

  private static final double DEFAULT_THRESHOLD = 5000;

  /** The curves of one run. */
  record Run(
      String optimizer, boolean spiked, Curve loss, Curve ratio, Curve injected, Curve clipped) {}

  static ReportPage of(TrainingResult result) {
    int steps = result.runs().stream().mapToInt(run -> run.samples().size()).max().orElse(0);
    int window = RunCurves.window(steps);
    int stride = RunCurves.stride(steps);
    Map<String, String> optimizers = new LinkedHashMap<>();
    result.runs().forEach(run -> optimizers.put(run.optimizer(), run.settings()));
    return new ReportPage(
        headline(result, optimizers.size()),
        lead(result, steps),
        result.interrupted(),
        result.settings(),
        optimizers,
        ResultTable.of(result),
        window,
        stride,
        threshold(result),
        result.runs().stream().map(run -> curves(run, window, stride)).toList());
  }

  private static Run curves(RunResult run, int window, int stride) {
    List<StepSample> samples = run.samples();
    return new Run(
        run.optimizer(),
        run.spiked(),
        RunCurves.smoothed(samples, window, stride),
        RunCurves.largest(samples, StepSample::largestRatio, stride),
        RunCurves.largest(
            samples.stream().filter(StepSample::injected).toList(), StepSample::largestRatio, 1),
        RunCurves.largest(
            samples.stream().filter(sample -> sample.spikes() > 0).toList(),
            StepSample::spikes,
            stride));
  }

  private static String headline(TrainingResult result, int optimizers) {
    String what = optimizers == 1 ? "one optimizer" : optimizers + " optimizers";
    boolean clean = result.runs().stream().anyMatch(run -> !run.spiked());
    boolean spiked = result.runs().stream().anyMatch(RunResult::spiked);
    if (clean && spiked) {
      return what + ", with and without gradient spikes";
    }
    return what + (spiked ? ", with gradient spikes" : ", without gradient spikes");
  }

  private static List<String> lead(TrainingResult result, int steps) {
    String trained =
        "Each optimizer trained the same byte-level language model for %s steps from the same start, on the same batches: once on clean gradients, once with spikes injected into some of them."
            .formatted(Quantities.count(steps));
    return List.of(trained, finding(result));
  }

  private static String finding(TrainingResult result) {
    Map<String, RunResult> spiked =
        result.runs().stream()
            .filter(RunResult::spiked)
            .filter(run -> !ResultTable.diverged(run))
            .filter(run -> Double.isFinite(run.validationPerplexity()))
            .collect(Collectors.toMap(RunResult::optimizer, run -> run, (first, second) -> second));
    Optional<RunResult> best =
        spiked.values().stream()
            .min((a, b) -> Double.compare(a.validationPerplexity(), b.validationPerplexity()));
    return best.map(
            run ->
                "Under spikes, %s ended with the lowest validation perplexity: %s a byte."
                    .formatted(run.optimizer(), Quantities.level(run.validationPerplexity())))
        .orElse("No run with spikes ended with a validation perplexity.");
  }

  private static double threshold(TrainingResult result) {
    try {
      return Double.parseDouble(
          result.settings().getOrDefault(THRESHOLD, Double.toString(DEFAULT_THRESHOLD)));
    } catch (NumberFormatException notANumber) {
      return DEFAULT_THRESHOLD;
    }
  }
}
