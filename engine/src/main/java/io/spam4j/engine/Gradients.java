package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of one step. The memory stays the caller's, must not change during the step, and is
 * never written to. Gradients may share memory with each other, not with weights. Which parameters
 * have one may change from step to step; each counts its own updates.
 */
@FunctionalInterface
public interface Gradients {
  /**
   * The gradient of a parameter: F32, or, for optimizers of Adam's family, BF16, whatever the type
   * of the weights; of the weights' shape.
   *
   * @return null if the parameter has no gradient this step; then its weights stay as they are
   */
  @Nullable Tensor of(String parameter);

  /** Gradients by name; names that are no parameter's are ignored. */
  static Gradients of(Map<String, Tensor> byName) {
    return Objects.requireNonNull(byName, "byName must not be null")::get;
  }
}
