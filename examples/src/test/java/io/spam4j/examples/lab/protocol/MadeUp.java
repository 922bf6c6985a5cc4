package io.spam4j.examples.lab.protocol;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Experiments and results that were made up. */
final class MadeUp {
  static final RunSettings TASK = RunSettings.of(Map.of("task.text", "made"));

  private MadeUp() {}

  static Arm arm(String name) {
    return new Arm(
        name,
        1,
        Map.of("optimizer", name),
        new LinkedHashMap<>(Map.of("beta2", List.of("0.999", "0.9"))));
  }

  static Preset preset(int seeds) {
    return new Preset(
        "made",
        100,
        Map.of(),
        4,
        2,
        24,
        List.of("1", "4"),
        true,
        List.of(101L, 102L),
        List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L).subList(0, seeds));
  }

  static Claim claim(String better, String... than) {
    return new Claim(better, "it is better", "a paper", "1", better, List.of(than), 0.01, "-");
  }

  static Experiment experiment(List<Arm> arms, Claim... claims) {
    return new Experiment("made", "made", "?", Map.of(), Effort.WHOLE, arms, List.of(claims));
  }

  static Outcome loss(double tuning, double test) {
    return new Outcome(5, tuning, test);
  }

  /** Every run is there. */
  static Outcomes all(Function<RunSettings, Outcome> outcome) {
    return run -> Optional.of(outcome.apply(run));
  }
}
