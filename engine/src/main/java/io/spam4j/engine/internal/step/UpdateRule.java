package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.tensors.Tensor;
import java.util.SequencedMap;

/**
 * What is different from optimizer to optimizer: state, decision and kernel. {@link Stepper} calls
 * {@link #prepare}, in which anything may fail, and then {@link #run}, in which nothing does.
 */
public abstract class UpdateRule implements AutoCloseable {
  protected UpdateRule() {}

  /** The state of all parameters. */
  protected abstract StateStore store();

  /** A parameter's state tensors, by their names in files. */
  protected final SequencedMap<String, Tensor> state(int tensor) {
    return store().of(tensor);
  }

  /** Gets what the step needs; may fail, and then has changed nothing that counts. */
  protected abstract void prepare(StepState step);

  /** Decides and applies, which does not fail. The transforms have decided. */
  protected abstract void run(StepState step);

  /** The bytes that {@link #run} reads and writes. */
  protected abstract long bytes(StepState step);

  /** Frees the state, and what else it holds outside the optimizer's arena. */
  @Override
  public void close() {
    store().close();
  }
}
