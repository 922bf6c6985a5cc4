package io.spam4j.examples.bench.values;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Weights and gradients in bfloat16.
 *
 * @param weights all of them
 * @param gradients of as many elements each
 */
public record HalfValues(List<Tensor> weights, List<Tensor> gradients) implements BenchValues {
  /** Copies the upper halves, into memory that lives as long as the original's. */
  public static HalfValues copyOf(BenchMemory memory) {
    List<Tensor> weights = new ArrayList<>();
    List<Tensor> gradients = new ArrayList<>();
    for (int i = 0; i < memory.tensors(); i++) {
      long n = memory.elements(i);
      Tensor weight = allocate(memory, n);
      Tensor gradient = allocate(memory, n);
      for (long k = 0; k < n; k++) {
        set(weight, k, memory.weight(i, k));
        set(gradient, k, memory.gradient(i, k));
      }
      weights.add(weight);
      gradients.add(gradient);
    }
    return new HalfValues(weights, gradients);
  }

  private static Tensor allocate(BenchMemory memory, long elements) {
    return Tensor.of(memory.allocate(DType.BF16.bytes(elements)), DType.BF16, elements);
  }

  /** Writes the upper half of a float32. */
  public static void set(Tensor tensor, long i, float value) {
    short half = (short) (Float.floatToRawIntBits(value) >>> Short.SIZE);
    tensor.memory().set(JAVA_SHORT_UNALIGNED, i * Short.BYTES, half);
  }

  /** An element of a tensor of bfloat16. */
  public static float get(Tensor tensor, long i) {
    return Float.intBitsToFloat(
        tensor.memory().get(JAVA_SHORT_UNALIGNED, i * Short.BYTES) << Short.SIZE);
  }

  @Override
  public int tensors() {
    return weights.size();
  }

  @Override
  public long elements(int tensor) {
    return weights.get(tensor).elements();
  }

  @Override
  public float weight(int tensor, long i) {
    return get(weights.get(tensor), i);
  }

  @Override
  public float gradient(int tensor, long i) {
    return get(gradients.get(tensor), i);
  }

  @Override
  public void setGradient(int tensor, long i, float value) {
    set(gradients.get(tensor), i, value);
  }
}
