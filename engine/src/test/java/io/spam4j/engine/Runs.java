package io.spam4j.engine;

import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/** One tensor in heap memory under an optimizer: what most tests of steps need. */
public final class Runs implements AutoCloseable {
  public final float[] weights;
  public final float[] gradient;
  public final Optimizer optimizer;

  private final Tensor gradientTensor;

  public Runs(OptimizerBuilder<?> builder, float... weights) {
    this.weights = weights.clone();
    gradient = new float[weights.length];
    gradientTensor = Tensor.of(gradient, gradient.length);
    optimizer = builder.build(List.of(new Parameter("w", Tensor.of(this.weights, weights.length))));
  }

  public StepReport step(float... values) {
    System.arraycopy(values, 0, gradient, 0, gradient.length);
    return optimizer.step(_ -> gradientTensor);
  }

  public StepReport stepWithoutGradient() {
    return optimizer.step(_ -> null);
  }

  public Tensor state(String name) {
    return Objects.requireNonNull(optimizer.state("w").get(name));
  }

  public float[] first() {
    return optimizer.firstMoment("w").toFloats();
  }

  public float[] second() {
    return optimizer.secondMoment("w").toFloats();
  }

  /** Weights and moments, for comparing bits. */
  public int[] bits() {
    float[] all = Arrays.copyOf(weights, 3 * weights.length);
    System.arraycopy(first(), 0, all, weights.length, weights.length);
    System.arraycopy(second(), 0, all, 2 * weights.length, weights.length);
    int[] bits = new int[all.length];
    Arrays.setAll(bits, i -> Float.floatToIntBits(all[i]));
    return bits;
  }

  /** The selected positions, ascending. */
  public int[] selected() {
    return optimizer.mask("w").stream()
        .flatMapToLong(mask -> Arrays.stream(mask.toArray()))
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  /** Normal values, one in {@code spikeOdds} of them a thousand times larger. */
  public static float[] draw(Random random, int n, int spikeOdds) {
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
