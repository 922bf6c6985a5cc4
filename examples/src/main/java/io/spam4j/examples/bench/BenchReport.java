package io.spam4j.examples.bench;

import io.spam4j.examples.shell.Machine;
import java.util.List;

/**
 * What came out, as it is written for other programs.
 *
 * @param machine what it ran on
 * @param arms what was timed
 * @param skipped what was not
 */
record BenchReport(Machine machine, List<ArmResult> arms, List<Skipped> skipped) {
  /** Copies the lists. */
  BenchReport {
    arms = List.copyOf(arms);
    skipped = List.copyOf(skipped);
  }

  /**
   * The times of an arm.
   *
   * @param name with the suffix of its size
   * @param weights of all tensors
   * @param bytesPerWeight that its limit reads and writes
   * @param medianNs of a step
   * @param spread half the distance of the quartiles, in percent of the median
   * @param limitNs median of its limit, timed right before or after each of its times
   * @param ratioToLimit {@code medianNs / limitNs}
   * @param rounds how often it was timed
   * @param stepsPerRound the steps of each time, of which the median was taken
   */
  record ArmResult(
      String name,
      long weights,
      double bytesPerWeight,
      double medianNs,
      double spread,
      double limitNs,
      double ratioToLimit,
      int rounds,
      int stepsPerRound) {}

  /** An arm that this machine could not run, and why. */
  record Skipped(String name, String reason) {}
}
