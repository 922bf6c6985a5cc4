package io.spam4j.engine;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Shows what transforms make of gradients: an Adam whose weights stay and whose beta1 is 0, so that
 * the first moment is the gradient that it saw. Where a coordinate is skipped the one before stays.
 */
public final class Probe implements AutoCloseable {
  public final Optimizer optimizer;

  private final List<Parameter> parameters;

  /** Of parameters p0, p1, ... */
  public Probe(List<Parameter> parameters, GradientTransform... transforms) {
    this(builder(transforms), parameters);
  }

  /** Of one parameter p0 with n weights, all 1. */
  public Probe(int n, GradientTransform... transforms) {
    this(List.of(ones(n)), transforms);
  }

  public Probe(Adam.Builder builder, List<Parameter> parameters) {
    this.parameters = parameters;
    optimizer = builder.build(parameters);
  }

  public static Adam.Builder builder(GradientTransform... transforms) {
    return Adam.builder().betas(0, 0).learningRate(0).stopAfterNonFinite(0).transforms(transforms);
  }

  private static Parameter ones(int n) {
    float[] ones = new float[n];
    Arrays.fill(ones, 1);
    return new Parameter("p0", Tensor.of(ones, n));
  }

  /** A step with a gradient for each parameter, or null. */
  public StepReport step(float[] @Nullable ... gradients) {
    Map<String, Tensor> byName = new HashMap<>();
    for (int i = 0; i < gradients.length; i++) {
      float[] gradient = gradients[i];
      if (gradient != null) {
        long[] shape = parameters.get(i).weights().shape();
        byName.put("p" + i, Tensor.of(gradient.clone(), shape));
      }
    }
    return optimizer.step(Gradients.of(byName));
  }

  /** What the transforms made of a parameter's gradient at the latest step. */
  public float[] seen(int i) {
    return optimizer.firstMoment("p" + i).toFloats();
  }

  /** What they make of the gradient of the only parameter. */
  public float[] of(float... gradient) {
    step(gradient);
    return seen(0);
  }

  public double scalar(String name) {
    return Objects.requireNonNull(optimizer.scalars("p0").get(name), name);
  }

  /** What they made of all gradients. */
  public List<float[]> seen() {
    List<float[]> seen = new ArrayList<>();
    for (int i = 0; i < parameters.size(); i++) {
      seen.add(seen(i));
    }
    return seen;
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
