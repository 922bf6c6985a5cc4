package io.spam4j.examples.bench.arms;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A step of SPAM on weights, gradients and moments of fewer bits. */
final class PackedArm implements ArmRun {
  private static final int CHECKED = 4096;
  private static final int STEPS = 3;

  /** Of the way that the weights go: what roundings of single weights may come to, on average. */
  private static final double MEAN_ERROR = 0.2;

  /** The same of the sum of all ways, in which roundings at random cancel. */
  private static final double BIAS = 0.03;

  private final BenchMemory memory;
  private final DType dtype;
  private final MomentFormat moments;
  private final Map<String, Tensor> gradients = new HashMap<>();
  private final Optimizer optimizer;

  /**
   * Allocates weights, gradients and the optimizer's state.
   *
   * @param dtype of weights and gradients, F32 or BF16
   */
  PackedArm(BenchMemory memory, DType dtype, MomentFormat moments) {
    this.memory = memory;
    this.dtype = dtype;
    this.moments = moments;
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < memory.tensors(); i++) {
      String name = BenchMemory.name(i);
      if (dtype == DType.F32) {
        parameters.add(memory.parameters().get(i));
        gradients.put(name, Tensor.of(memory.gradientMemory(i), dtype, memory.elements(i)));
      } else {
        Tensor weights = allocate(memory.elements(i));
        Tensor gradient = allocate(memory.elements(i));
        for (long k = 0; k < memory.elements(i); k++) {
          set(weights, k, memory.weight(i, k));
          set(gradient, k, memory.gradient(i, k));
        }
        parameters.add(new Parameter(name, weights));
        gradients.put(name, gradient);
      }
    }
    optimizer = build(parameters, moments, memory.threads());
  }

  private Tensor allocate(long elements) {
    return Tensor.of(memory.allocate(dtype.bytes(elements)), dtype, elements);
  }

  private static Optimizer build(List<Parameter> parameters, MomentFormat moments, int threads) {
    return Spam.builder()
        .moments(moments)
        .threads(threads)
        .learningRate(ReferenceRule.LEARNING_RATE)
        .build(parameters);
  }

  /** Writes the upper half of a float32. */
  static void set(Tensor tensor, long i, float value) {
    short half = (short) (Float.floatToRawIntBits(value) >>> Short.SIZE);
    tensor.memory().set(JAVA_SHORT_UNALIGNED, i * Short.BYTES, half);
  }

  private static float get(Tensor tensor, long i) {
    return tensor.dtype() == DType.F32
        ? tensor.getFloat(i)
        : Float.intBitsToFloat(
            tensor.memory().get(JAVA_SHORT_UNALIGNED, i * Short.BYTES) << Short.SIZE);
  }

  @Override
  public void step() {
    optimizer.step(gradients::get);
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
      step(weights, gradient, moments);
      step(exactWeights, exactGradient, MomentFormat.F32);
      compare(start, weights, exactWeights);
    }
    step();
  }

  private static void fill(Tensor packed, Tensor exact, int i, float value) {
    if (packed.dtype() == DType.F32) {
      packed.setFloat(i, value);
    } else {
      set(packed, i, value);
    }
    exact.setFloat(i, get(packed, i));
  }

  private static void step(Tensor weights, Tensor gradient, MomentFormat moments) {
    Gradients gradients = _ -> gradient;
    try (Optimizer one = build(List.of(new Parameter("w", weights)), moments, 1)) {
      for (int t = 0; t < STEPS; t++) {
        one.step(gradients);
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
