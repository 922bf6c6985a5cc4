package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/** One tensor in heap memory under an optimizer: what most tests of steps need. */
final class Runs implements AutoCloseable {
  final float[] weights;
  final float[] gradient;
  final Optimizer optimizer;

  private final Tensor gradientTensor;

  Runs(OptimizerBuilder<?> builder, float... weights) {
    this.weights = weights.clone();
    gradient = new float[weights.length];
    gradientTensor = Tensor.of(gradient, gradient.length);
    optimizer = builder.build(List.of(new Parameter("w", Tensor.of(this.weights, weights.length))));
  }

  StepReport step(float... values) {
    System.arraycopy(values, 0, gradient, 0, gradient.length);
    return optimizer.step(_ -> gradientTensor);
  }

  StepReport stepWithoutGradient() {
    return optimizer.step(_ -> null);
  }

  Tensor state(String name) {
    return Objects.requireNonNull(optimizer.state("w").get(name));
  }

  float[] first() {
    return optimizer.firstMoment("w").toFloats();
  }

  float[] second() {
    return optimizer.secondMoment("w").toFloats();
  }

  /** Weights and moments, for comparing bits. */
  int[] bits() {
    float[] all = Arrays.copyOf(weights, 3 * weights.length);
    System.arraycopy(first(), 0, all, weights.length, weights.length);
    System.arraycopy(second(), 0, all, 2 * weights.length, weights.length);
    int[] bits = new int[all.length];
    Arrays.setAll(bits, i -> Float.floatToIntBits(all[i]));
    return bits;
  }

  /** The selected positions, ascending. */
  int[] selected() {
    return optimizer.mask("w").stream()
        .flatMapToLong(mask -> Arrays.stream(mask.toArray()))
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  /** Normal values, one in {@code spikeOdds} of them a thousand times larger. */
  static float[] draw(Random random, int n, int spikeOdds) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian() * (random.nextInt(spikeOdds) == 0 ? 1000 : 1);
    }
    return values;
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
