package io.spam4j.jmh;

import org.openjdk.jmh.infra.BenchmarkParams;

/** What JMH does with counters of events: it adds up those of all iterations of all forks. */
final class Events {
  private Events() {}

  /**
   * Refuses more than one iteration: a sum of quotients means nothing.
   *
   * @throws IllegalArgumentException if there are more
   */
  static void requireOneIteration(BenchmarkParams params) {
    int iterations = params.getMeasurement().getCount();
    int forks = params.getForks(); // 0 is one run, in JMH's own process
    if (iterations > 1 || forks > 1) {
      throw new IllegalArgumentException(
          "JMH would add up the quotients of all iterations, measure in one and as long as you like"
              + " (-f 1 -i 1 -r SECONDS): iterations=%d, forks=%d".formatted(iterations, forks));
    }
  }
}
