package io.spam4j.engine;

import io.spam4j.engine.Checkpoint.SavedParameter;
import io.spam4j.tensors.IndexMask;
import io.spam4j.tensors.Tensor;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What is different from optimizer to optimizer: state, decision and kernel. {@link Stepper} calls
 * {@link #prepare}, in which anything may fail, and then {@link #run}, in which nothing does.
 */
abstract class UpdateRule implements AutoCloseable {
  /** A parameter's state tensors, by their names in files. */
  abstract SequencedMap<String, Tensor> state(int tensor);

  /** The weights of a parameter that have state; null if all have. */
  @Nullable IndexMask mask(int tensor) {
    return null;
  }

  /** Off-heap bytes of the masks. */
  long indexBytes() {
    return 0;
  }

  /** Off-heap bytes of working memory. */
  long scratchBytes() {
    return 0;
  }

  /** Whether state is reset at step {@code t}, counted from 1. */
  boolean resetsAt(long t) {
    return false;
  }

  /** The factor on the learning rate after a reset. */
  double warmupScale(long t) {
    return 1;
  }

  /** Gets what the step needs; may fail, and then has changed nothing that counts. */
  void prepare(Step step) {}

  /** Decides and applies. The transforms have decided. */
  abstract void run(Step step);

  /** The bytes that {@link #run} reads and writes. */
  abstract long bytes(Step step);

  /** Whether only selected weights of a parameter have state. */
  boolean isPacked(int tensor) {
    return false;
  }

  /**
   * Makes room for the state of a checkpoint; may fail, and then has changed nothing that counts.
   *
   * @param sources of each parameter; null for one that starts afresh
   */
  void prepareRestore(List<@Nullable SavedParameter> sources) {}

  /** The tensors that restored state is copied to. */
  SequencedMap<String, Tensor> restoreTarget(int tensor) {
    return state(tensor);
  }

  /** Takes what was prepared, and filled since, for its state. */
  void commitRestore() {}

  /** Forgets what was prepared. */
  void discardRestore() {}

  /** Frees what it holds besides its state. */
  @Override
  public void close() {}
}
