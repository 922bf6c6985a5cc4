package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A list of gradients. */
final class GradientList implements IndexedGradients {
  private final List<? extends @Nullable Tensor> inOrder;

  GradientList(List<? extends @Nullable Tensor> inOrder) {
    this.inOrder = Objects.requireNonNull(inOrder, "inOrder must not be null");
  }

  @Override
  public @Nullable Tensor of(int parameter) {
    return inOrder.get(parameter);
  }

  @Override
  public int size() {
    return inOrder.size();
  }
}
