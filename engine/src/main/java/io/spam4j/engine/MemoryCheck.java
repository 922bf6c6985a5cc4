package io.spam4j.engine;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks the memory that callers bring: weights once, gradients before each step. */
final class MemoryCheck {
  private final List<Parameter> parameters;
  private final Thread worker;
  // The gradients found good before: the same tensor needs only be alive.
  private final @Nullable Tensor[] known;

  /**
   * Checks the weights.
   *
   * @param sharesWork whether other threads than the caller's will touch the memory
   * @throws IllegalArgumentException if weights overlap or other threads may not touch them
   */
  MemoryCheck(List<Parameter> parameters, boolean sharesWork) {
    this.parameters = parameters;
    worker = sharesWork ? new Thread(() -> {}, "spam4j-check") : Thread.currentThread();
    known = new Tensor[parameters.size()];
    for (Parameter parameter : parameters) {
      requireAccess("weights", parameter.name(), parameter.weights().memory());
    }
    requireDisjoint();
  }

  private void requireDisjoint() {
    // Sorted by object and address, overlapping segments are neighbours.
    Parameter[] sorted = parameters.toArray(new Parameter[0]);
    Comparator<Parameter> byObject =
        Comparator.comparingInt(
            p -> p.weights().memory().heapBase().map(System::identityHashCode).orElse(0));
    Arrays.sort(sorted, byObject.thenComparingLong(p -> p.weights().memory().address()));
    for (int i = 1; i < sorted.length; i++) {
      Parameter left = sorted[i - 1];
      Parameter right = sorted[i];
      if (left.weights().memory().asOverlappingSlice(right.weights().memory()).isPresent()) {
        throw new IllegalArgumentException(
            "weights of two parameters must not overlap: parameters=%s, %s"
                .formatted(left.name(), right.name()));
      }
    }
  }

  /**
   * Checks the gradients of a step; allocates nothing for tensors it has seen.
   *
   * @throws IllegalArgumentException if a gradient does not fit its weights
   * @throws IllegalStateException if memory has been freed
   */
  void check(@Nullable Tensor[] gradients) {
    for (int i = 0; i < gradients.length; i++) {
      Parameter parameter = parameters.get(i);
      requireAlive("weights", parameter.name(), parameter.weights().memory());
      Tensor gradient = gradients[i];
      if (gradient == null) {
        continue;
      }
      if (gradient != known[i]) {
        requireFit(parameter, gradient);
        known[i] = gradient;
      }
      requireAlive("gradient", parameter.name(), gradient.memory());
    }
  }

  private void requireFit(Parameter parameter, Tensor gradient) {
    Tensor weights = parameter.weights();
    if (gradient.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "gradient must be F32: parameter=%s, dtype=%s"
              .formatted(parameter.name(), gradient.dtype()));
    }
    if (!gradient.hasShapeOf(weights)) {
      throw new IllegalArgumentException(
          "gradient shape must equal weight shape: parameter=%s, gradient=%s, weight=%s"
              .formatted(parameter.name(), gradient.shapeText(), weights.shapeText()));
    }
    requireAccess("gradient", parameter.name(), gradient.memory());
    for (Parameter other : parameters) {
      if (other.weights().memory().asOverlappingSlice(gradient.memory()).isPresent()) {
        throw new IllegalArgumentException(
            "gradient must not overlap weights: gradient=%s, weights=%s"
                .formatted(parameter.name(), other.name()));
      }
    }
  }

  private void requireAccess(String what, String name, MemorySegment memory) {
    requireAlive(what, name, memory);
    if (!memory.isAccessibleBy(worker)) {
      throw new IllegalArgumentException(
          what
              + " must lie in memory that all threads may use; allocate in Arena.ofShared(), or"
              + " build with threads(1): parameter="
              + name);
    }
  }

  private static void requireAlive(String what, String name, MemorySegment memory) {
    if (!memory.scope().isAlive()) {
      throw new IllegalStateException(
          what + " must be alive, but their arena was closed: parameter=" + name);
    }
  }
}
