package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a parameter of an optimizer goes on from.
 *
 * @param parameter the optimizer's name
 * @param saved what the file has, with counters that mean what the optimizer takes them for, and
 *     without scalars that are of something else; null if it has nothing
 * @param fresh why moments and counters start as in a new optimizer; null if they do not
 * @param weights those of the file; null if they stay as they are
 */
public record ParameterSource(
    String parameter,
    @Nullable ParameterState saved,
    @Nullable String fresh,
    @Nullable Tensor weights) {
  /** Moments and counters to go on from; null if they start as in a new optimizer. */
  public @Nullable ParameterState state() {
    return fresh == null ? saved : null;
  }

  /** The same with other moments and counters to go on from. */
  public ParameterSource withState(ParameterState state) {
    return new ParameterSource(parameter, state, fresh, weights);
  }
}
