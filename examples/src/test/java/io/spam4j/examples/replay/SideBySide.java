package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** The engine in float32 beside a specification in double, step by step. */
final class SideBySide implements AutoCloseable {
  static final int STEPS = 150;

  /**
   * A step rounds a value at most three times and multiplies it by a constant that was rounded
   * once, by 2^-24 each, on the scale of the largest value so far: what a spike left behind may
   * since have cancelled, its rounding has not.
   */
  private static final double TOLERANCE = STEPS * 4 * 0x1p-24;

  private final Specification spec;
  private final Optimizer optimizer;
  private final float[] weights;
  private final Map<String, Double> largest = new HashMap<>();
  private int steps;

  SideBySide(Specification spec, OptimizerBuilder<?> builder) {
    this.spec = spec;
    weights = floats(spec.w());
    optimizer = builder.build(List.of(new Parameter("w", Tensor.of(weights, weights.length))));
  }

  static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** Weights that are floats. */
  static double[] start(Random random, int n) {
    return random.doubles(n, -1, 1).map(x -> (float) x).toArray();
  }

  /** A gradient of floats, with spikes and zeros. */
  static double[] gradient(Random random, int n) {
    double[] gradient = new double[n];
    for (int i = 0; i < n; i++) {
      double spike = random.nextInt(25) == 0 ? 3000 : 1;
      gradient[i] = random.nextInt(10) == 0 ? 0 : (float) (random.nextGaussian() * spike);
    }
    return gradient;
  }

  /** Lets both do a step, and compares weights and state. */
  void step(double @Nullable [] gradient) {
    steps++;
    spec.step(gradient);
    Tensor tensor = gradient == null ? null : Tensor.of(floats(gradient), gradient.length);
    optimizer.step(_ -> tensor);
    assertClose("weights", spec.w(), Tensor.of(weights, weights.length));
    Map<String, Tensor> state = optimizer.state("w");
    Map<String, Double> scalars = optimizer.scalars("w");
    spec.state()
        .forEach(
            (name, expected) -> {
              Double scalar = scalars.get(name);
              Tensor actual = state.get(name);
              if (scalar != null) {
                actual = Tensor.of(new float[] {scalar.floatValue()}, 1);
              }
              // the scalars of a part that is switched off
              if (actual != null || !name.endsWith("_t")) {
                assertClose(name, expected, actual);
              }
            });
  }

  private void assertClose(String what, double[] expected, @Nullable Tensor actual) {
    assertThat(actual).as(what).isNotNull();
    float[] ours = actual == null ? new float[0] : actual.toFloats();
    assertThat(ours).as("%s after step %d", what, steps).hasSize(expected.length);
    double scale = largest.getOrDefault(what, 0.0);
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      scale = Math.max(scale, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs(expected[i] - ours[i]));
    }
    largest.put(what, scale);
    assertThat(difference)
        .as("%s after step %d", what, steps)
        .isLessThanOrEqualTo(TOLERANCE * scale);
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
