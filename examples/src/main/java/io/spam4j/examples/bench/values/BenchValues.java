package io.spam4j.examples.bench.values;

/** Where an arm's weights and gradients lie; slow access, for checks. */
public interface BenchValues {
  int tensors();

  long elements(int tensor);

  float weight(int tensor, long i);

  float gradient(int tensor, long i);

  void setGradient(int tensor, long i, float value);
}
