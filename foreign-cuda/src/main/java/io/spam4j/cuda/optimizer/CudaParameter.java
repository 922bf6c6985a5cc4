package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.DeviceTensor;
import io.spam4j.engine.checkpoint.SavedNames;
import java.util.Objects;

/**
 * Weights on a device that an optimizer changes.
 *
 * @param name unique in its optimizer; what checkpoints and groups know it by
 * @param weights float32; must stay where they are as long as the optimizer is open
 */
public record CudaParameter(String name, DeviceTensor weights) {
  /**
   * Checks the name.
   *
   * @throws IllegalArgumentException if it is empty or could not be saved, see {@link SavedNames}
   */
  public CudaParameter {
    Objects.requireNonNull(name, "name must not be null");
    Objects.requireNonNull(weights, "weights must not be null");
    SavedNames.require("parameter", name);
  }
}
