package io.spam4j.examples.replay;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Lion (arXiv 2302.06675, algorithm 2), decay decoupled and before the update. */
final class LionSpecification implements Specification {
  double lr = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weightDecay;

  final double[] w;
  final double[] m;

  LionSpecification(double... weights) {
    w = weights.clone();
    m = new double[w.length];
  }

  @Override
  public void step(double @Nullable [] gradient) {
    if (gradient == null) {
      return;
    }
    for (int i = 0; i < w.length; i++) {
      double g = gradient[i];
      w[i] *= 1 - lr * weightDecay;
      w[i] -= lr * Math.signum(beta1 * m[i] + (1 - beta1) * g);
      m[i] = beta2 * m[i] + (1 - beta2) * g;
    }
  }

  @Override
  public double[] w() {
    return w;
  }

  @Override
  public Map<String, double[]> state() {
    return Map.of("exp_avg", m);
  }
}
