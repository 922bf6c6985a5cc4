package io.spam4j.examples.replay;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Adam, AdamW and AMSGrad (arXiv 1412.6980, 1711.05101, 1904.09237) as torch.optim runs them. */
final class AdamSpecification implements Specification {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weightDecay;
  boolean decoupled; // AdamW: decay before the update; otherwise L2
  boolean amsgrad;

  final double[] w;
  final double[] m;
  final double[] v;
  final double[] vMax; // the largest v so far, before its correction
  int k; // updates of this tensor

  AdamSpecification(double... weights) {
    w = weights.clone();
    m = new double[w.length];
    v = new double[w.length];
    vMax = new double[w.length];
  }

  @Override
  public void step(double @Nullable [] gradient) {
    if (gradient == null) {
      return;
    }
    k++;
    for (int i = 0; i < w.length; i++) {
      double g = gradient[i];
      if (decoupled) {
        w[i] *= 1 - lr * weightDecay;
      } else {
        g += weightDecay * w[i];
      }
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      vMax[i] = Math.max(vMax[i], v[i]);
      double mHat = m[i] / (1 - Math.pow(beta1, k));
      double vHat = (amsgrad ? vMax[i] : v[i]) / (1 - Math.pow(beta2, k));
      w[i] -= lr * mHat / (Math.sqrt(vHat) + eps);
    }
  }

  @Override
  public double[] w() {
    return w;
  }

  @Override
  public Map<String, double[]> state() {
    return amsgrad
        ? Map.of("exp_avg", m, "exp_avg_sq", v, "max_exp_avg_sq", vMax)
        : Map.of("exp_avg", m, "exp_avg_sq", v);
  }
}
