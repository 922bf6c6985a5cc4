package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import java.util.Map;
import java.util.Set;
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

  /**
   * The names that this source has gradients under, if it knows: a step refuses those that no
   * parameter has. Of a source that does not know, {@link StepReport#tensorsWithoutGradient} tells
   * how many parameters found nothing.
   *
   * @return null if it does not know, as by default; a set that a step can ask for its size, and
   *     for each parameter's name, without allocating
   */
  default @Nullable Set<String> names() {
    return null;
  }

  /**
   * Gradients by name, of the map as it is at each step. A step refuses a name that no parameter
   * has; gradients of several optimizers in one map are given to each as {@code map::get}.
   */
  static Gradients of(Map<String, Tensor> byName) {
    return new GradientMap(byName);
  }
}
