package io.spam4j.engine.analysis;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import java.util.List;

/**
 * Counts gradient spikes in one pass, while a model trains: a coordinate's score at step t is
 *
 * <pre>
 * |g_i(t)| / (1/(t-1) sum_{j&lt;t} |g_i(j)|)
 * </pre>
 *
 * <p><b>Difference from Definition P.1</b> ({@link GradientSpikeScore}): that divides by the mean
 * over the whole run, this step and all later ones included, which a detector cannot know. A
 * coordinate of steady magnitude that spikes once, with score S here, has S T / (T - 1 + S) there
 * in a run of T steps: less, and never more than T. So a monitor finds more spikes in short runs,
 * and where gradients grow it finds spikes that the definition does not; where they shrink, as
 * early in training, it misses some that the definition finds.
 *
 * <p>A coordinate is not scored before it has had {@code graceSteps} finite gradients: the mean of
 * a few says little. A coordinate whose mean is 0 has no score. Spikes enter the mean like any
 * gradient; NaN and Inf are counted and left out. 8 off-heap bytes a weight, and 4 more for a
 * tensor that had a NaN or Inf.
 *
 * <p>Not safe for concurrent use. After an exception from {@link #observe} nothing was counted.
 */
public final class SpikeMonitor implements AutoCloseable {
  /** As many steps as SPAM waits after a reset before it clips. */
  public static final long DEFAULT_GRACE_STEPS = 20;

  private final GradientHistory history;
  private final long graceSteps;
  private long steps;

  private SpikeMonitor(GradientHistory history, long graceSteps) {
    this.history = history;
    this.graceSteps = graceSteps;
  }

  /** Watches parameters with the paper's threshold and the default grace. */
  public static SpikeMonitor of(List<Parameter> parameters) {
    return of(parameters, SpikeCensus.DEFAULT_THRESHOLD, DEFAULT_GRACE_STEPS);
  }

  /**
   * Watches parameters.
   *
   * @param threshold scores above this are spikes
   * @param graceSteps the finite gradients a coordinate has before it is scored; at least 1
   * @throws IllegalArgumentException if there are no parameters, two have the same name, or a
   *     number is out of its range
   */
  public static SpikeMonitor of(List<Parameter> parameters, double threshold, long graceSteps) {
    if (graceSteps < 1) {
      throw new IllegalArgumentException("graceSteps must be positive: graceSteps=" + graceSteps);
    }
    return new SpikeMonitor(GradientHistory.of(parameters, threshold), graceSteps);
  }

  /**
   * Scores a step against the steps before it, then adds it to the means.
   *
   * @return the spikes of this step
   * @throws IllegalArgumentException if a gradient has another type or shape than its parameter
   * @throws IllegalStateException if this is closed
   */
  public long observe(Gradients gradients) {
    long found = history.score(gradients, steps + 1, graceSteps, /* adds= */ true);
    steps++;
    return found;
  }

  /** What was found so far. */
  public SpikeCensus census() {
    return history.census(steps);
  }

  /**
   * The off-heap bytes this holds.
   *
   * @throws IllegalStateException if this is closed
   */
  public long memoryBytes() {
    return history.bytes();
  }

  /** Frees the means; closing again does nothing. */
  @Override
  public void close() {
    history.close();
  }
}
