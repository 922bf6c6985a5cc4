package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * All that a run depends on of one parameter, apart from weights and gradients: of an optimizer, to
 * be saved, or of a file.
 *
 * @param name of the parameter
 * @param shape of its weights
 * @param hyperparameters as text; the learning rate is that of the next step
 * @param counters of its updates
 * @param state tensors by their names, as in {@link io.spam4j.engine.Optimizer#state}; the live
 *     ones of an optimizer, read-only ones of a file
 * @param mask which weights have state; empty if all have, or none yet
 * @param scalars as in {@link io.spam4j.engine.Optimizer#scalars}
 */
public record ParameterState(
    String name,
    List<Long> shape,
    SequencedMap<String, String> hyperparameters,
    Counters counters,
    SequencedMap<String, Tensor> state,
    Optional<SavedMask> mask,
    SequencedMap<String, Double> scalars) {
  /**
   * What is counted of a parameter.
   *
   * @param updates how often it was updated
   * @param updatesSinceReset the same since its moments were last reset
   * @param spikes coordinates that were spikes, over all steps
   */
  public record Counters(long updates, long updatesSinceReset, long spikes) {
    /** Those of a parameter that was never updated. */
    public static final Counters NONE = new Counters(0, 0, 0);

    /** The most that anything is counted to: a double holds it, and no run comes so far. */
    public static final long MOST = 1L << 53;
  }

  /**
   * Checks the name of a scalar.
   *
   * @throws IllegalArgumentException if a file has it for something else, or could not be read
   */
  public static void requireScalarName(String name) {
    if (!CheckpointFormat.isScalarName(name)) {
      throw new IllegalArgumentException(
          "a scalar must have a name that a checkpoint does not use, without blanks and =: scalar="
              + name);
    }
    SavedNames.require("scalar", name);
  }

  /**
   * Whether no gradient has come since the start, or since a reset that left nothing: then the
   * state is zero.
   *
   * @param of the run that it is part of
   */
  public boolean isWithoutHistory(TrainingState of) {
    return counters.updatesSinceReset() == 0 && !StateMeaning.keepsSelected(of, this);
  }

  /** The same with another selection. */
  public ParameterState withMask(SavedMask selected) {
    return new ParameterState(
        name, shape, hyperparameters, counters, state, Optional.of(selected), scalars);
  }

  /** How often it was updated. */
  public long updates() {
    return counters.updates();
  }

  /** The same since its moments were last reset. */
  public long updatesSinceReset() {
    return counters.updatesSinceReset();
  }

  /** Coordinates that were spikes, over all steps. */
  public long spikes() {
    return counters.spikes();
  }
}
