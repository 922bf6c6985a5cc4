package io.spam4j.engine.analysis;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The gradient spike score as Definition P.1 of SPAM (arXiv 2501.06842) has it, for each coordinate
 * i at each step t of a run of T steps:
 *
 * <pre>
 * GSS(g_i) = |g_i(t)| / (1/T sum_j |g_i(j)|)
 * </pre>
 *
 * <p>The mean is over the whole run, so the run is seen twice: {@link #record} every step, then
 * {@link #score} every step again, with the same gradients in the same order. {@link #census(List,
 * Iterable)} does both for a run that can be gone through twice: gradients that were kept, read
 * from files, or computed anew from the same seeds.
 *
 * <p>A score is at most T, so a run of 50 steps or fewer has no spike at the paper's threshold of
 * 50. Steps at which a tensor had no gradient, and NaN and Inf, are left out of the mean: T is then
 * the number of finite gradients the coordinate had. A coordinate whose mean is 0 has no score.
 * Sums are in double; 8 off-heap bytes a weight, and 4 more for a tensor that had a NaN or Inf.
 *
 * <p>Not safe for concurrent use. After an exception from {@link #record} or {@link #score} nothing
 * was counted.
 */
public final class GradientSpikeScore implements AutoCloseable {
  private final GradientHistory history;
  private long recorded;
  private long scored;

  private GradientSpikeScore(GradientHistory history) {
    this.history = history;
  }

  /**
   * Scores the gradients of parameters.
   *
   * @param threshold scores above this are spikes; {@link SpikeCensus#DEFAULT_THRESHOLD} in the
   *     paper
   * @throws IllegalArgumentException if there are no parameters, two have the same name, or the
   *     threshold is not positive and finite
   */
  public static GradientSpikeScore of(List<Parameter> parameters, double threshold) {
    return new GradientSpikeScore(GradientHistory.of(parameters, threshold));
  }

  /**
   * Scores gradients of which only names and shapes are known, such as recorded ones.
   *
   * @param shapes the shape of each parameter's gradient, in the order the census will have
   * @throws IllegalArgumentException if there are no parameters, an extent is not positive, there
   *     are more than 2^59 elements, or the threshold is not positive and finite
   */
  public static GradientSpikeScore ofShapes(Map<String, long[]> shapes, double threshold) {
    return new GradientSpikeScore(new GradientHistory(shapes, threshold));
  }

  /**
   * Goes through a run twice and counts the spikes at the paper's threshold.
   *
   * @param run the gradients of each step; each is used only until the next is asked for
   * @throws IllegalArgumentException if there are no parameters, two have the same name, or a
   *     gradient has another type or shape than its parameter
   * @throws IllegalStateException if the two passes gave different gradients
   */
  public static SpikeCensus census(List<Parameter> parameters, Iterable<? extends Gradients> run) {
    Objects.requireNonNull(run, "run must not be null");
    try (var score = of(parameters, SpikeCensus.DEFAULT_THRESHOLD)) {
      run.forEach(score::record);
      run.forEach(score::score);
      return score.census();
    }
  }

  /**
   * The first pass: adds a step to the means.
   *
   * @throws IllegalArgumentException if a gradient has another type or shape than its parameter
   * @throws IllegalStateException if the second pass has begun, or this is closed
   */
  public void record(Gradients gradients) {
    if (scored > 0) {
      throw new IllegalStateException(
          "all steps must be recorded before the first is scored: recorded=%d, scored=%d"
              .formatted(recorded, scored));
    }
    history.add(gradients);
    recorded++;
  }

  /**
   * The second pass: counts the spikes of the next step.
   *
   * @return the spikes of this step
   * @throws IllegalArgumentException if a gradient has another type or shape than its parameter
   * @throws IllegalStateException if all recorded steps are scored, or this is closed
   */
  public long score(Gradients gradients) {
    if (scored == recorded) {
      throw new IllegalStateException(
          "only recorded steps can be scored: recorded=%d, scored=%d".formatted(recorded, scored));
    }
    long found = history.score(gradients, scored + 1, 1, /* adds= */ false);
    scored++;
    return found;
  }

  /**
   * What both passes found.
   *
   * @throws IllegalStateException if recorded steps are not scored yet, or if the second pass had
   *     other gradients than the first, as far as their number and the sum of |g| tell
   */
  public SpikeCensus census() {
    if (scored < recorded) {
      throw new IllegalStateException(
          "every recorded step must be scored: recorded=%d, scored=%d".formatted(recorded, scored));
    }
    List<String> different = history.notReplayed();
    if (!different.isEmpty()) {
      throw new IllegalStateException(
          "both passes must see the same gradients; replay with the same seeds, data and weights:"
              + " parameters="
              + different);
    }
    return history.census(scored);
  }

  /**
   * The mean |g| of a coordinate over the steps recorded so far, the denominator of its score; NaN
   * if it had no finite gradient.
   *
   * @param index in row-major order
   * @throws IllegalArgumentException if there is no such parameter
   * @throws IndexOutOfBoundsException if there is no such coordinate
   * @throws IllegalStateException if this is closed
   */
  public double meanMagnitude(String parameter, long index) {
    return history.meanMagnitude(parameter, index);
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
