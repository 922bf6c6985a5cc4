package io.spam4j.engine.device;

import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.Optional;

/**
 * The state of a checkpoint that fits, on the host. It takes effect with {@link #commit}; closing
 * it without leaves the planner as it was. Closing it frees the tensors.
 */
public interface RestoredState extends AutoCloseable {
  /** What is restored and what is not. */
  LoadReport report();

  /** The weights to continue with; empty if they stay as they are. */
  Optional<Tensor> weights(int parameter);

  /**
   * A state tensor, {@code F32}; of a sparse parameter for {@link #mask}. It is valid until the
   * next call, which may use its memory.
   */
  Tensor state(int parameter, String name);

  /** How many weights of a parameter have moments. */
  long momentCount(int parameter);

  /** The selection of a sparse parameter; empty if it waits for its first gradient. */
  Optional<IndexMask> mask(int parameter);

  /** What of {@link DeviceTables#HISTORY_ROW} a transform keeps of a parameter. */
  double[] history(int transform, int parameter);

  /** Lets the planner continue from here. Cannot fail. */
  void commit();

  @Override
  void close();
}
