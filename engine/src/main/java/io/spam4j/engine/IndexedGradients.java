package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Gradients by the numbers of parameters, in the order in which {@link Optimizer#parameters} has
 * them. A step over thousands of small tensors asks for no names then, which would take longer than
 * some of their updates.
 *
 * <p>{@link Gradients#byIndex} makes them of a list; anything else that knows its gradients by
 * number is one method: {@code IndexedGradients gradients = i -> model.gradient(i);}
 */
@FunctionalInterface
public interface IndexedGradients extends Gradients {
  /** The {@link #size} of a source that does not know how many it has. */
  int UNKNOWN = -1;

  /**
   * The gradient of a parameter, as {@link Gradients#of(String)} says.
   *
   * @param parameter its number, from 0
   * @return null if the parameter has no gradient this step; then its weights stay as they are
   */
  @Nullable Tensor of(int parameter);

  /** For how many parameters it is, those without a gradient too; {@link #UNKNOWN} by default. */
  default int size() {
    return UNKNOWN;
  }

  /**
   * Checks that it is for so many parameters, if it knows: a step does so first.
   *
   * @throws IllegalArgumentException if it is for more, or fewer
   */
  default void requireSize(int parameters) {
    int size = size();
    if (size != UNKNOWN && size != parameters) {
      throw new IllegalArgumentException(
          "gradients by index must be as many as parameters, null where there is none:"
              + " gradients=%d, parameters=%d".formatted(size, parameters));
    }
  }

  @Override
  default @Nullable Tensor of(int parameter, String name) {
    return of(parameter);
  }

  /**
   * Refuses: a step asks by number.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  @SuppressWarnings("FunctionalInterfaceMethodChanged") // a step asks for of(int, String) alone
  default @Nullable Tensor of(String parameter) {
    throw new UnsupportedOperationException(
        "gradients by index have no names, ask by number: parameter=" + parameter);
  }
}
