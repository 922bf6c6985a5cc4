package io.spam4j.engine.internal.step;

import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A rule that may keep state for selected weights only, starts anew at resets, and whose decision
 * may keep numbers of its own.
 */
public abstract class SelectiveRule extends UpdateRule {
  /** Whether only selected weights of a parameter have state. */
  protected abstract boolean isPacked(int tensor);

  /** The weights of a parameter that have state; null if all have, or none has been selected. */
  protected abstract @Nullable IndexMask mask(int tensor);

  /** When it resets and warms up. */
  protected abstract Timeline timeline();

  /** Adds the numbers that it keeps of a tensor from step to step, by their names in files. */
  protected abstract void addScalars(int tensor, Map<String, Double> scalars);

  /** Sets them to what {@link #addScalars} said; what is not there to 0. */
  protected abstract void restoreScalars(int tensor, Map<String, Double> scalars);

  /**
   * Makes room for the state of a checkpoint; may fail, and then has changed nothing that counts.
   *
   * @param sources of each parameter; null for one that starts afresh
   */
  protected abstract void prepareRestore(List<@Nullable ParameterState> sources);

  /** The tensors that restored state is copied to. */
  protected abstract SequencedMap<String, Tensor> restoreTarget(int tensor);

  /** Takes what was prepared, and filled since, for its state. */
  protected abstract void commitRestore();

  /** Forgets what was prepared. */
  protected abstract void discardRestore();
}
