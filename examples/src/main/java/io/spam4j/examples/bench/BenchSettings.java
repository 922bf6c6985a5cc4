package io.spam4j.examples.bench;

import io.spam4j.examples.bench.arms.Arm;
import io.spam4j.examples.bench.arms.Arms;
import io.spam4j.examples.bench.values.BenchSize;
import java.time.Duration;
import java.util.List;

/**
 * What is timed, and how long.
 *
 * @param sizes in this order
 * @param arms names with or without the suffix of a size; all if empty
 * @param weights of the large tensor, at least 1000; the other sizes shrink to about as many
 * @param rounds how often each arm is timed
 * @param warmUp the least time that each arm warms up for
 * @param budget an arm that would take longer for all rounds is timed in fewer, but at least three
 */
record BenchSettings(
    List<BenchSize> sizes,
    List<String> arms,
    long weights,
    int rounds,
    Duration warmUp,
    Duration budget) {
  /* At the lowest density two weights are still selected. */
  private static final long FEWEST_WEIGHTS = 1000;

  /** Checks everything. */
  BenchSettings {
    sizes = List.copyOf(sizes);
    arms = List.copyOf(arms);
    if (weights < FEWEST_WEIGHTS || rounds < 1) {
      throw new IllegalArgumentException(
          "weights must be at least %d and rounds positive: weights=%d, rounds=%d"
              .formatted(FEWEST_WEIGHTS, weights, rounds));
    }
    if (warmUp.isNegative() || budget.isNegative()) {
      throw new IllegalArgumentException(
          "times must not be negative: warmUp=%s, budget=%s".formatted(warmUp, budget));
    }
    for (String arm : arms) {
      if (!isTimedAt(arm, List.of(BenchSize.values()))) {
        throw Arms.unknown(arm);
      }
      if (!isTimedAt(arm, sizes)) {
        throw new IllegalArgumentException(
            "arm must be timed at one of the sizes: arm=%s, sizes=%s"
                .formatted(arm, sizes.stream().map(BenchSize::id).toList()));
      }
    }
  }

  /** The arms of a size that are asked for. */
  List<Arm> chosen(BenchSize size) {
    return Arms.of(size).stream()
        .filter(arm -> arms.isEmpty() || arms.stream().anyMatch(name -> isNamed(name, arm, size)))
        .toList();
  }

  private static boolean isTimedAt(String name, List<BenchSize> sizes) {
    return sizes.stream()
        .anyMatch(size -> Arms.of(size).stream().anyMatch(arm -> isNamed(name, arm, size)));
  }

  private static boolean isNamed(String name, Arm arm, BenchSize size) {
    return name.equals(arm.name()) || name.equals(arm.name(size));
  }
}
