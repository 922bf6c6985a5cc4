package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A map of gradients. */
final class GradientMap implements Gradients {
  private final Map<String, Tensor> byName;
  private final Set<String> names; // follows the map

  GradientMap(Map<String, Tensor> byName) {
    this.byName = Objects.requireNonNull(byName, "byName must not be null");
    names = byName.keySet();
  }

  @Override
  public @Nullable Tensor of(String parameter) {
    return byName.get(parameter);
  }

  @Override
  public Set<String> names() {
    return names;
  }
}
