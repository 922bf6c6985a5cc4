package io.spam4j.engine;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;

/** Parameters and gradients of a few shapes that need memory of every kind. */
public final class FewTensors {
  /**
   * A matrix of several tiles and pieces, a vector, a scalar, and one that often lacks gradients.
   */
  public static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("matrix", new long[] {257, 65});
    SHAPES.put("vector", new long[] {17});
    SHAPES.put("scalar", new long[] {});
    SHAPES.put("rare", new long[] {2, 5, 9});
  }

  /** By seed; drawing takes longer than the steps. */
  private static final Map<Long, Map<String, float[]>> VALUES = new ConcurrentHashMap<>();

  private FewTensors() {}

  /** Selections of another size at each interval; sometimes of nothing. */
  public static long[] positions(String parameter, long interval) {
    long n = Tensor.elements(Objects.requireNonNull(SHAPES.get(parameter)));
    return LongStream.range(0, Math.min(n, 5000 * (interval % 3))).toArray();
  }

  /** Parameters with these values, outside the heap. */
  public static List<Parameter> parameters(Arena arena, long seed) {
    List<Parameter> parameters = new ArrayList<>();
    tensors(arena, seed).forEach((name, weights) -> parameters.add(new Parameter(name, weights)));
    return parameters;
  }

  /** Gradients of one step; rare has one at every second seed. */
  public static Gradients gradients(Arena arena, long seed, boolean onHeap) {
    Map<String, Tensor> byName = new LinkedHashMap<>();
    tensors(arena, seed)
        .forEach(
            (name, gradient) -> {
              if (seed % 2 == 0 || !name.equals("rare")) {
                byName.put(
                    name, onHeap ? Tensor.of(gradient.toFloats(), gradient.shape()) : gradient);
              }
            });
    return Gradients.of(byName);
  }

  private static Map<String, Tensor> tensors(Arena arena, long seed) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    VALUES
        .computeIfAbsent(seed, FewTensors::draw)
        .forEach(
            (name, values) -> {
              long[] shape = Objects.requireNonNull(SHAPES.get(name));
              Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
              tensor.memory().copyFrom(MemorySegment.ofArray(values));
              tensors.put(name, tensor);
            });
    return tensors;
  }

  private static Map<String, float[]> draw(long seed) {
    var random = new Random(seed);
    Map<String, float[]> values = new LinkedHashMap<>();
    SHAPES.forEach(
        (name, shape) -> values.put(name, Runs.draw(random, (int) Tensor.elements(shape), 500)));
    return values;
  }
}
