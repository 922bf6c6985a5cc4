package io.spam4j.engine.analysis;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.IndexedGradients;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.memory.Owned;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The histories of all tensors of a model, in off-heap memory of their own. */
final class GradientHistory implements AutoCloseable {
  private static final long MOST_ELEMENTS = 1L << 59; // 8 bytes each then fit a long

  private final double threshold;
  private final Owned<List<TensorHistory>> owned;
  private final List<TensorHistory> tensors;
  private final List<long[]> shapes = new ArrayList<>();
  private final @Nullable MemorySegment[] fetched;

  GradientHistory(Map<String, long[]> shapes, double threshold) {
    this(shapes, threshold, Arena::ofShared);
  }

  GradientHistory(Map<String, long[]> shapes, double threshold, Supplier<Arena> arenas) {
    Objects.requireNonNull(shapes, "shapes must not be null");
    if (shapes.isEmpty()) {
      throw new IllegalArgumentException("spikes are counted in parameters: parameters=[]");
    }
    if (!(threshold > 0) || threshold == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          "threshold must be positive and finite: threshold=" + threshold);
    }
    this.threshold = threshold;
    fetched = new MemorySegment[shapes.size()];
    owned = Owned.in(arenas, arena -> histories(arena, shapes));
    tensors = owned.value();
    shapes.values().forEach(shape -> this.shapes.add(shape.clone()));
  }

  private static List<TensorHistory> histories(Arena arena, Map<String, long[]> shapes) {
    List<TensorHistory> histories = new ArrayList<>();
    shapes.forEach(
        (name, shape) -> histories.add(new TensorHistory(arena, name, elements(name, shape))));
    return histories;
  }

  static GradientHistory of(List<Parameter> parameters, double threshold) {
    Objects.requireNonNull(parameters, "parameters must not be null");
    Map<String, long[]> shapes = new LinkedHashMap<>();
    for (Parameter parameter : parameters) {
      Objects.requireNonNull(parameter, "parameters must not contain null");
      if (shapes.put(parameter.name(), parameter.weights().shape()) != null) {
        throw new IllegalArgumentException(
            "parameter names must be unique: name=" + parameter.name());
      }
    }
    return new GradientHistory(shapes, threshold);
  }

  private static long elements(String name, long[] shape) {
    Objects.requireNonNull(name, "shapes must not contain null");
    Objects.requireNonNull(shape, "shapes must not contain null");
    long elements = 1;
    for (long extent : shape) {
      if (extent < 1 || extent > MOST_ELEMENTS / elements) {
        throw new IllegalArgumentException(
            "shape must have positive extents and at most 2^59 elements: parameter=%s, shape=%s"
                .formatted(name, Arrays.toString(shape)));
      }
      elements *= extent;
    }
    return elements;
  }

  /**
   * Takes a step's gradients, all checked before any is used.
   *
   * @param adds whether they will be added to the sums; what that needs is allocated here
   * @return null for a tensor without a gradient; the same array at each call
   */
  private @Nullable MemorySegment[] fetch(Gradients gradients, boolean adds) {
    Objects.requireNonNull(gradients, "gradients must not be null");
    requireOpen();
    if (gradients instanceof IndexedGradients indexed) {
      indexed.requireSize(fetched.length);
    }
    for (int i = 0; i < fetched.length; i++) {
      String name = tensors.get(i).name();
      Tensor gradient = gradients.of(i, name);
      if (gradient != null) {
        requireFit(name, shapes.get(i), gradient);
      }
      fetched[i] = gradient == null ? null : gradient.memory();
    }
    for (int i = 0; adds && i < fetched.length; i++) {
      MemorySegment gradient = fetched[i];
      if (gradient != null) {
        tensors.get(i).reserve(gradient);
      }
    }
    return fetched;
  }

  private static void requireFit(String name, long[] shape, Tensor gradient) {
    if (gradient.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "gradient must be F32: parameter=%s, dtype=%s".formatted(name, gradient.dtype()));
    }
    if (!Arrays.equals(gradient.shape(), shape)) {
      throw new IllegalArgumentException(
          "gradient shape must equal weight shape: parameter=%s, gradient=%s, weight=%s"
              .formatted(name, gradient.shapeText(), Arrays.toString(shape)));
    }
    if (!gradient.memory().scope().isAlive()) {
      throw new IllegalStateException(
          "gradient must be alive, but its arena was closed: parameter=" + name);
    }
    if (!gradient.memory().isAccessibleBy(Thread.currentThread())) {
      throw new IllegalArgumentException(
          "gradient must lie in memory that this thread may use: parameter=" + name);
    }
  }

  /** Adds a step to the sums. */
  void add(Gradients gradients) {
    @Nullable MemorySegment[] memory = fetch(gradients, /* adds= */ true);
    for (int i = 0; i < memory.length; i++) {
      MemorySegment gradient = memory[i];
      if (gradient != null) {
        tensors.get(i).add(gradient);
      }
    }
  }

  /** Scores a step, and then adds it to the sums if asked to; returns its spikes. */
  long score(Gradients gradients, long step, long fewest, boolean adds) {
    @Nullable MemorySegment[] memory = fetch(gradients, adds);
    long found = 0;
    for (int i = 0; i < memory.length; i++) {
      MemorySegment gradient = memory[i];
      if (gradient != null) {
        found += tensors.get(i).score(gradient, step, threshold, fewest);
        if (adds) {
          tensors.get(i).add(gradient);
        }
      }
    }
    return found;
  }

  double meanMagnitude(String parameter, long index) {
    Objects.requireNonNull(parameter, "parameter must not be null");
    requireOpen();
    for (TensorHistory tensor : tensors) {
      if (tensor.name().equals(parameter)) {
        if (index < 0 || index >= tensor.elements()) {
          throw new IndexOutOfBoundsException(
              "index must be in the parameter: parameter=%s, index=%d, elements=%d"
                  .formatted(parameter, index, tensor.elements()));
        }
        return tensor.meanMagnitude(index);
      }
    }
    throw new IllegalArgumentException(
        "no such parameter: name=%s, names=%s"
            .formatted(parameter, tensors.stream().map(TensorHistory::name).toList()));
  }

  /** The tensors whose scored gradients were not those that were added. */
  List<String> notReplayed() {
    return tensors.stream()
        .filter(tensor -> !tensor.isReplayed())
        .map(TensorHistory::name)
        .toList();
  }

  SpikeCensus census(long steps) {
    return new SpikeCensus(threshold, steps, tensors.stream().map(TensorHistory::spikes).toList());
  }

  /** The off-heap bytes it holds. */
  long bytes() {
    requireOpen();
    return tensors.stream().mapToLong(TensorHistory::bytes).sum();
  }

  private void requireOpen() {
    if (!owned.arena().scope().isAlive()) {
      throw new IllegalStateException("the history must be open: it was closed");
    }
  }

  /** Frees the sums; closing again does nothing. */
  @Override
  public void close() {
    if (owned.arena().scope().isAlive()) {
      owned.close();
    }
  }
}
