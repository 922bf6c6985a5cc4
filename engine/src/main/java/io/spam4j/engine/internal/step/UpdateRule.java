package io.spam4j.engine.internal.step;

import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What is different from optimizer to optimizer: state, decision and kernel. {@link Stepper} calls
 * {@link #prepare}, in which anything may fail, and then {@link #run}, in which nothing does.
 */
public abstract class UpdateRule implements AutoCloseable {
  /** The state of all parameters. */
  protected abstract StateStore store();

  /** A parameter's state tensors, by their names in files. */
  protected final SequencedMap<String, Tensor> state(int tensor) {
    return store().of(tensor);
  }

  /** The weights of a parameter that have state; null if all have. */
  protected @Nullable IndexMask mask(int tensor) {
    return null;
  }

  /** Whether state is reset at step {@code t}, counted from 1. */
  protected boolean resetsAt(long t) {
    return false;
  }

  /** The factor on the learning rate after a reset. */
  protected double warmupScale(long t) {
    return 1;
  }

  /** Gets what the step needs; may fail, and then has changed nothing that counts. */
  protected void prepare(StepState step) {}

  /** Decides and applies. The transforms have decided. */
  protected abstract void run(StepState step);

  /** The bytes that {@link #run} reads and writes. */
  protected abstract long bytes(StepState step);

  /** Adds the numbers that it keeps of a tensor from step to step, by their names in files. */
  protected void addScalars(int tensor, Map<String, Double> scalars) {}

  /** Sets them to what {@link #addScalars} said; what is not there to 0. */
  protected void restoreScalars(int tensor, Map<String, Double> scalars) {}

  /** Whether only selected weights of a parameter have state. */
  protected boolean isPacked(int tensor) {
    return false;
  }

  /**
   * Makes room for the state of a checkpoint; may fail, and then has changed nothing that counts.
   *
   * @param sources of each parameter; null for one that starts afresh
   */
  protected void prepareRestore(List<@Nullable ParameterState> sources) {}

  /** The tensors that restored state is copied to. */
  protected SequencedMap<String, Tensor> restoreTarget(int tensor) {
    return state(tensor);
  }

  /** Takes what was prepared, and filled since, for its state. */
  protected void commitRestore() {}

  /** Forgets what was prepared. */
  protected void discardRestore() {}

  /** Frees the state, and what else it holds outside the optimizer's arena. */
  @Override
  public void close() {
    store().close();
  }
}
