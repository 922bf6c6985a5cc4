package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.DeviceTensor;
import org.jspecify.annotations.Nullable;

/** Where a step finds gradients. */
@FunctionalInterface
public interface CudaGradients {
  /**
   * The gradient of a parameter, of the shape of its weights.
   *
   * @return null if it has none at this step; then it is left as it is
   */
  @Nullable DeviceTensor of(String parameter);
}
