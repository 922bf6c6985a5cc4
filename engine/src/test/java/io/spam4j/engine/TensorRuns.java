package io.spam4j.engine;

import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/** Tensors of any shapes under an optimizer, with drawn weights and gradients. */
public final class TensorRuns implements AutoCloseable {
  public final Optimizer optimizer;
  public final Map<String, Tensor> gradients = new HashMap<>();
  private final Random random;

  public TensorRuns(OptimizerBuilder<?> builder, long seed, Map<String, long[]> shapes) {
    random = new Random(seed);
    List<Parameter> parameters = new ArrayList<>();
    shapes.forEach((name, shape) -> parameters.add(new Parameter(name, drawn(1_000_000, shape))));
    optimizer = builder.build(parameters);
  }

  /** Shapes by names: p0, p1 and so on. */
  public static Map<String, long[]> shapes(long[]... shapes) {
    Map<String, long[]> byName = new LinkedHashMap<>();
    for (long[] shape : shapes) {
      byName.put("p" + byName.size(), shape);
    }
    return byName;
  }

  /** Values of which one in so many is a thousand times larger. */
  private Tensor drawn(int spikeOdds, long... shape) {
    int n = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    return Tensor.of(Runs.draw(random, n, spikeOdds), shape);
  }

  /** Draws new gradients, with some spikes. */
  public void draw() {
    for (Parameter parameter : optimizer.parameters()) {
      gradients.put(parameter.name(), drawn(1000, parameter.weights().shape()));
    }
  }

  public StepReport step() {
    return optimizer.step(Gradients.of(gradients));
  }

  public Tensor weights(String name) {
    return optimizer.parameters().stream()
        .filter(p -> p.name().equals(name))
        .findFirst()
        .orElseThrow()
        .weights();
  }

  public Tensor gradient(String name) {
    return Objects.requireNonNull(gradients.get(name));
  }

  public Tensor state(String name, String key) {
    return Objects.requireNonNull(optimizer.state(name).get(key));
  }

  /** Weights and state of all tensors. */
  public int[] bits() {
    return optimizer.parameters().stream()
        .flatMapToInt(p -> IntStream.concat(bits(p.weights()), stateBits(p.name())))
        .toArray();
  }

  private IntStream stateBits(String name) {
    return optimizer.state(name).values().stream().flatMapToInt(TensorRuns::bits);
  }

  private static IntStream bits(Tensor tensor) {
    return IntStream.range(0, (int) tensor.elements())
        .map(i -> Float.floatToIntBits(tensor.getFloat(i)));
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
