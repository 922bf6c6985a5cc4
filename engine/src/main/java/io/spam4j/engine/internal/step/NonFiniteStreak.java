package io.spam4j.engine.internal.step;

import io.spam4j.engine.NonFiniteGradientException;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.StepReport;
import java.util.List;

/** Counts steps in a row whose gradients were not finite: a run of only such burns time. */
public final class NonFiniteStreak {
  private final long most;

  /** In a row, up to the latest step. */
  public long steps;

  /**
   * A streak of length 0.
   *
   * @param most the steps after which it is too long; 0 for never
   */
  public NonFiniteStreak(long most) {
    this.most = most;
  }

  public void count(boolean nonFinite) {
    steps = nonFinite ? steps + 1 : 0;
  }

  public boolean isTooLong() {
    return most > 0 && steps >= most;
  }

  /** What ends the run; the streak starts anew, so that a caller may go on. */
  public NonFiniteGradientException end(StepReport last, List<String> parameters) {
    long inARow = steps;
    steps = 0;
    return new NonFiniteGradientException(
        "gradients must not stay non-finite; lower the learning rate, check the data, or build with"
            + " stopAfterNonFinite(0): steps in a row=%d, last step=%d, parameters=%s"
                .formatted(inARow, last.step(), parameters));
  }

  /** What {@link NonFinitePolicy#THROW} throws. */
  public static NonFiniteGradientException refused(
      long step, long coordinates, List<String> parameters) {
    return new NonFiniteGradientException(
        "gradients must be finite: step=%d, coordinates=%d, parameters=%s"
            .formatted(step, coordinates, parameters));
  }
}
