package io.spam4j.engine.internal.step;

import io.spam4j.engine.NonFiniteGradientException;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.decide.StepState;
import java.util.List;

/** Ends runs of steps whose gradients were not finite: a run of only such burns time. */
public final class NonFiniteStreak {
  private static final String RULE =
      "gradients must not stay non-finite; lower the learning rate, check the data, or build with"
          + " stopAfterNonFinite(0): steps in a row=";

  private final long most;
  private final StepState step;
  private boolean sawLast = true; // the latest step; one of a checkpoint was seen by another run

  /**
   * What looks at a run.
   *
   * @param most the steps after which a streak is too long; 0 for never
   * @param step counts them
   */
  public NonFiniteStreak(long most, StepState step) {
    this.most = most;
    this.step = step;
  }

  /** Counts a step. */
  public void add(boolean isNonFinite) {
    step.countNonFinite(isNonFinite);
    sawLast = true;
  }

  /** Goes on from a checkpoint, which tells how many steps were in a row, not which tensors. */
  public void restored() {
    sawLast = false;
  }

  public boolean isTooLong() {
    return most > 0 && step.nonFiniteSteps() >= most;
  }

  /** What ends the run; the streak starts anew, so that a caller may go on. */
  public NonFiniteGradientException end(StepReport last, List<String> parameters) {
    long inARow = step.nonFiniteSteps();
    step.countNonFinite(false);
    return new NonFiniteGradientException(
        sawLast
            ? RULE + "%d, last step=%d, parameters=%s".formatted(inARow, last.step(), parameters)
            : RULE
                + "%d, steps done=%d, parameters=unknown: all of these steps came before the load"
                    .formatted(inARow, step.steps()));
  }

  /** What {@link NonFinitePolicy#THROW} throws. */
  public static NonFiniteGradientException refused(
      long step, long coordinates, List<String> parameters) {
    return new NonFiniteGradientException(
        "gradients must be finite: step=%d, coordinates=%d, parameters=%s"
            .formatted(step, coordinates, parameters));
  }
}
