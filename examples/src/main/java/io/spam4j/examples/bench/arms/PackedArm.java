package io.spam4j.examples.bench.arms;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.HalfValues;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** A step of an optimizer of this engine on weights, gradients and moments of fewer bits. */
final class PackedArm implements ArmRun {
  private static final int CHECKED = 4096;
  private static final int STEPS = 3;

  /** Of the way that the weights go: what roundings of single weights may come to, on average. */
  private static final double MEAN_ERROR = 0.2;

  /** The same of the sum of all ways, in which roundings at random cancel. */
  private static final double BIAS = 0.03;

  private final BenchMemory memory;
  private final DType dtype;
  private final Supplier<MomentBuilder<?>> settings;
  private final MomentFormat moments;
  private final Gradients gradients;
  private final Optimizer optimizer;

  /**
   * Allocates weights, gradients and the optimizer's state.
   *
   * @param settings a builder with the optimizer's own
   * @param dtype of weights and gradients, F32 or BF16
   */
  PackedArm(
      BenchMemory memory, Supplier<MomentBuilder<?>> settings, DType dtype, MomentFormat moments) {
    this.memory = memory;
    this.settings = settings;
    this.dtype = dtype;
    this.moments = moments;
    if (dtype == DType.F32) {
      optimizer = build(memory.parameters(), moments, memory.threads());
      gradients = memory.gradients();
    } else {
      HalfValues halves = HalfValues.copyOf(memory);
      List<Parameter> parameters = new ArrayList<>();
      Map<String, Tensor> byName = new HashMap<>();
      for (int i = 0; i < memory.tensors(); i++) {
        String name = BenchMemory.name(i);
        parameters.add(new Parameter(name, halves.weights().get(i)));
        byName.put(name, halves.gradients().get(i));
      }
      optimizer = build(parameters, moments, memory.threads());
      gradients = byName::get;
    }
  }

  private Optimizer build(List<Parameter> parameters, MomentFormat format, int threads) {
    return settings
        .get()
        .moments(format)
        .threads(threads)
        .learningRate(ReferenceRule.LEARNING_RATE)
        .build(parameters);
  }

  private static float get(Tensor tensor, long i) {
    return tensor.dtype() == DType.F32 ? tensor.getFloat(i) : HalfValues.get(tensor, i);
  }

  @Override
  public void step() {
    optimizer.step(gradients);
  }

  /** Compares with float32, on copies of some of the first tensor's weights. */
  @Override
  public void check() {
    int n = (int) Math.min(CHECKED, memory.elements(0));
    try (Arena arena = Arena.ofShared()) {
      Tensor weights = Tensor.allocate(arena, dtype, n);
      Tensor gradient = Tensor.allocate(arena, dtype, n);
      Tensor exactWeights = Tensor.allocate(arena, DType.F32, n);
      Tensor exactGradient = Tensor.allocate(arena, DType.F32, n);
      for (int i = 0; i < n; i++) {
        fill(weights, exactWeights, i, memory.weight(0, i));
        fill(gradient, exactGradient, i, memory.gradient(0, i));
      }
      float[] start = exactWeights.toFloats();
      steps(weights, gradient, moments);
      steps(exactWeights, exactGradient, MomentFormat.F32);
      compare(start, weights, exactWeights);
    }
    step();
  }

  private static void fill(Tensor packed, Tensor exact, int i, float value) {
    if (packed.dtype() == DType.F32) {
      packed.setFloat(i, value);
    } else {
      HalfValues.set(packed, i, value);
    }
    exact.setFloat(i, get(packed, i));
  }

  private void steps(Tensor weights, Tensor gradient, MomentFormat format) {
    try (Optimizer one = build(List.of(new Parameter("w", weights)), format, 1)) {
      for (int t = 0; t < STEPS; t++) {
        one.step(_ -> gradient);
      }
    }
  }

  private void compare(float[] start, Tensor weights, Tensor exactWeights) {
    double way = 0;
    double error = 0;
    double lost = 0;
    for (int i = 0; i < start.length; i++) {
      double expected = exactWeights.getFloat(i) - start[i];
      double actual = get(weights, i) - start[i];
      way += Math.abs(expected);
      error += Math.abs(actual - expected);
      lost += (expected - actual) * Math.signum(expected);
    }
    if (!(way > 0 && error <= MEAN_ERROR * way && Math.abs(lost) <= BIAS * way)) {
      throw new IllegalStateException(
          "few bits must go where float32 goes: dtype=%s, moments=%s, way=%s, error=%s, lost=%s"
              .formatted(dtype, moments, way, error, lost));
    }
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
