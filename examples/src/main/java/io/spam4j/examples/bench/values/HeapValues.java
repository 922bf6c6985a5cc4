package io.spam4j.examples.bench.values;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.util.Arrays;

/**
 * Weights and gradients in arrays, as plain Java has them.
 *
 * @param weights of each tensor
 * @param gradients of each tensor
 */
@SuppressWarnings("ArrayRecordComponent") // shared, not compared
public record HeapValues(float[][] weights, float[][] gradients) implements BenchValues {
  /** Copies what lies outside the heap; no tensor may have more than 2^31 - 9 weights. */
  static HeapValues copyOf(BenchMemory memory) {
    int tensors = memory.tensors();
    float[][] weights = new float[tensors][];
    float[][] gradients = new float[tensors][];
    for (int i = 0; i < tensors; i++) {
      weights[i] = memory.weightMemory(i).toArray(JAVA_FLOAT);
      gradients[i] = memory.gradientMemory(i).toArray(JAVA_FLOAT);
    }
    return new HeapValues(weights, gradients);
  }

  /** Arrays of zeros as long as the weights. */
  public float[][] zeros() {
    return Arrays.stream(weights).map(w -> new float[w.length]).toArray(float[][]::new);
  }

  @Override
  public int tensors() {
    return weights.length;
  }

  @Override
  public long elements(int tensor) {
    return weights[tensor].length;
  }

  @Override
  public float weight(int tensor, long i) {
    return weights[tensor][(int) i];
  }

  @Override
  public float gradient(int tensor, long i) {
    return gradients[tensor][(int) i];
  }

  @Override
  public void setGradient(int tensor, long i, float value) {
    gradients[tensor][(int) i] = value;
  }
}
