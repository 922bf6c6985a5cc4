package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import java.util.List;
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
   * The gradient of a parameter that is known by its number too: what a step asks.
   *
   * @param parameter its number, from 0, in the order of {@link Optimizer#parameters}
   * @param name its name
   * @return what it has under the name, unless it is an {@link IndexedGradients}
   */
  default @Nullable Tensor of(int parameter, String name) {
    return of(name);
  }

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

  /**
   * Gradients in the order of {@link Optimizer#parameters}, of the list as it is at each step: one
   * for each parameter, null where it has none. A step refuses a list of another size. For
   * thousands of small tensors this is faster than a map.
   */
  static IndexedGradients byIndex(List<? extends @Nullable Tensor> inOrder) {
    return new GradientList(inOrder);
  }
}
