package io.spam4j.engine;

import java.util.List;

/** Counts steps in a row whose gradients were not finite: a run of only such burns time. */
final class NonFiniteStreak {
  private final long most;

  /** In a row, up to the latest step. */
  long steps;

  /**
   * A streak of length 0.
   *
   * @param most the steps after which it is too long; 0 for never
   */
  NonFiniteStreak(long most) {
    this.most = most;
  }

  void count(boolean nonFinite) {
    steps = nonFinite ? steps + 1 : 0;
  }

  boolean isTooLong() {
    return most > 0 && steps >= most;
  }

  /** What ends the run; the streak starts anew, so that a caller may go on. */
  NonFiniteGradientException end(StepReport last, List<String> parameters) {
    long inARow = steps;
    steps = 0;
    return NonFiniteGradientException.inARow(inARow, last.step(), parameters);
  }
}
