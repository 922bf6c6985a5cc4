package io.spam4j.engine.internal.step;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.memory.CountedArenas;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Checks the memory that callers bring: weights once, gradients before each step. */
final class MemoryCheck {
  /** Stands for all native memory among heap objects. */
  private static final Object NATIVE = new Object();

  private final List<Parameter> parameters;
  private final List<DType> gradientTypes;
  private @Nullable CountedArenas own;
  // By the place that their weights lie in, in the order of their addresses in it.
  private final Map<Object, Parameter[]> byPlace = new HashMap<>();
  private final @Nullable Thread worker;
  // One parameter for each arena that weights lie in.
  private final List<Parameter> ofArenas;
  // The gradients found good last: of the same tensor only its arena is asked again.
  private final @Nullable Tensor[] known;
  private final MemorySegment.@Nullable Scope[] knownScopes;

  /**
   * Checks the weights.
   *
   * @param gradientTypes that gradients may have
   * @param sharesWork whether other threads than the caller's will touch the memory
   * @throws IllegalArgumentException if weights overlap or other threads may not touch them
   */
  MemoryCheck(List<Parameter> parameters, List<DType> gradientTypes, boolean sharesWork) {
    this.parameters = parameters;
    this.gradientTypes = gradientTypes;
    worker = sharesWork ? new Thread(() -> {}, "spam4j-check") : null;
    known = new Tensor[parameters.size()];
    knownScopes = new MemorySegment.Scope[parameters.size()];
    Map<MemorySegment.Scope, Parameter> byArena = new LinkedHashMap<>();
    parameters.forEach(p -> byArena.putIfAbsent(p.weights().memory().scope(), p));
    ofArenas = List.copyOf(byArena.values());
    for (Parameter parameter : parameters) {
      requireAccess("weights", parameter.name(), parameter.weights().memory());
    }
    Map<Object, List<Parameter>> places = new HashMap<>();
    for (Parameter parameter : parameters) {
      Object place = place(parameter.weights().memory());
      places.computeIfAbsent(place, _ -> new ArrayList<>()).add(parameter);
    }
    for (Map.Entry<Object, List<Parameter>> place : places.entrySet()) {
      Parameter[] inOrder = place.getValue().toArray(new Parameter[0]);
      Arrays.sort(inOrder, Comparator.comparingLong(p -> p.weights().memory().address()));
      requireDisjoint(inOrder);
      byPlace.put(place.getKey(), inOrder);
    }
  }

  /**
   * What memory has in common that may overlap. Segments of the same heap object have equal scopes,
   * and no others have: unlike the object, they are told without garbage, of read-only ones too.
   */
  private static Object place(MemorySegment memory) {
    return memory.isNative() ? NATIVE : memory.scope();
  }

  /** Says what memory is the optimizer's own, where no gradient may be. */
  void setOwn(CountedArenas arenas) {
    own = arenas;
  }

  private static void requireDisjoint(Parameter[] inOrder) {
    for (int i = 1; i < inOrder.length; i++) {
      Parameter left = inOrder[i - 1];
      Parameter right = inOrder[i];
      if (overlap(left.weights().memory(), right.weights().memory())) {
        throw new IllegalArgumentException(
            "weights of two parameters must not overlap: parameters=%s, %s"
                .formatted(left.name(), right.name()));
      }
    }
  }

  private void requireDisjoint(String name, MemorySegment gradient) {
    if (own != null && own.owns(gradient.scope())) {
      throw new IllegalArgumentException(
          "gradient must not be the optimizer's own memory, such as its state; copy it: gradient="
              + name);
    }
    Parameter[] inOrder = byPlace.get(place(gradient));
    if (inOrder == null) {
      return;
    }
    int low = 0;
    int high = inOrder.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      boolean before = inOrder[middle].weights().memory().address() < gradient.address();
      low = before ? middle + 1 : low;
      high = before ? high : middle;
    }
    // Weights do not overlap each other, so only the neighbours can overlap the gradient.
    for (int i = Math.max(0, low - 1); i <= Math.min(low, inOrder.length - 1); i++) {
      requireDisjoint(name, gradient, inOrder[i]);
    }
  }

  private static void requireDisjoint(String name, MemorySegment gradient, Parameter parameter) {
    if (overlap(parameter.weights().memory(), gradient)) {
      throw new IllegalArgumentException(
          "gradient must not overlap weights: gradient=%s, weights=%s"
              .formatted(name, parameter.name()));
    }
  }

  private static boolean overlap(MemorySegment one, MemorySegment other) {
    return one.asOverlappingSlice(other).isPresent();
  }

  /**
   * Checks the gradients of a step; allocates nothing for tensors it has seen.
   *
   * @throws IllegalArgumentException if a gradient does not fit its weights
   * @throws IllegalStateException if memory has been freed
   */
  void check(@Nullable Tensor[] gradients) {
    for (int i = 0; i < ofArenas.size(); i++) { // an iterator would be garbage in each step
      Parameter parameter = ofArenas.get(i);
      requireAccess("weights", parameter.name(), parameter.weights().memory());
    }
    MemorySegment.Scope accessible = null;
    for (int i = 0; i < gradients.length; i++) {
      Tensor gradient = gradients[i];
      if (gradient == null) {
        continue;
      }
      if (gradient != known[i]) {
        requireFit(parameters.get(i), gradient);
        known[i] = gradient;
        knownScopes[i] = gradient.memory().scope();
      }
      MemorySegment.Scope scope = Objects.requireNonNull(knownScopes[i]);
      if (isAnother(scope, accessible)) {
        requireAccess("gradient", parameters.get(i).name(), gradient.memory());
        accessible = scope;
      }
    }
  }

  /** Whether two arenas differ; most often they are one object, which is told sooner. */
  @SuppressWarnings("ReferenceEquality")
  private static boolean isAnother(MemorySegment.Scope one, MemorySegment.@Nullable Scope other) {
    return one != other && !one.equals(other);
  }

  private void requireFit(Parameter parameter, Tensor gradient) {
    Tensor weights = parameter.weights();
    if (!gradientTypes.contains(gradient.dtype())) {
      List<String> types = gradientTypes.stream().map(DType::name).toList();
      throw new IllegalArgumentException(
          "gradient must be %s: parameter=%s, dtype=%s"
              .formatted(String.join(" or ", types), parameter.name(), gradient.dtype()));
    }
    if (!gradient.hasShapeOf(weights)) {
      throw new IllegalArgumentException(
          "gradient shape must equal weight shape: parameter=%s, gradient=%s, weight=%s"
              .formatted(parameter.name(), gradient.shapeText(), weights.shapeText()));
    }
    requireDisjoint(parameter.name(), gradient.memory());
  }

  private void requireAccess(String what, String name, MemorySegment memory) {
    if (!memory.scope().isAlive()) {
      throw new IllegalStateException(
          what + " must be alive, but their arena was closed: parameter=" + name);
    }
    if (!memory.isAccessibleBy(worker == null ? Thread.currentThread() : worker)) {
      throw new IllegalArgumentException(
          what
              + " must lie in memory that all threads may use; allocate in Arena.ofShared(), or"
              + " build with threads(1) and step on the arena's thread: parameter="
              + name);
    }
  }
}
