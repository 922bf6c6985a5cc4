package io.spam4j.engine;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link StepListener} failed, or the recording of a step did. The step itself is complete, and
 * counted: it must not be repeated. All listeners were told of it; {@link #getCause} is what the
 * first one threw that failed, and what others threw is suppressed by that. None is dropped:
 * whoever catches this and goes on has all of them told of the next step too.
 */
public final class StepListenerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long step;
  private final transient @Nullable StepReport report;

  /**
   * An exception of a step.
   *
   * @param report of the step
   * @param cause what was thrown first
   */
  public StepListenerException(StepReport report, Throwable cause) {
    super(
        "a listener failed after the step, which is complete and counted: step="
            + Objects.requireNonNull(report, "report must not be null").step(),
        Objects.requireNonNull(cause, "cause must not be null"));
    step = report.step();
    this.report = report;
  }

  /** The step that is complete, see {@link StepReport#step}. */
  public long step() {
    return step;
  }

  /**
   * What the step would have returned.
   *
   * @throws IllegalStateException if this exception was read from a stream
   */
  public StepReport report() {
    if (report == null) {
      throw new IllegalStateException(
          "report must be asked for where the exception was thrown: step=" + step);
    }
    return report;
  }
}
