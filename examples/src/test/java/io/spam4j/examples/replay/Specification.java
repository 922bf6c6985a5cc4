package io.spam4j.examples.replay;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Adam, AdamW and SPAM in double, as plainly as they can be written: what the engine is held to.
 * One tensor; equations and names of arXiv 1412.6980, 1711.05101, 2501.06842 and, for what the
 * papers leave open, the SPAM authors' code (its semantics, spam-spec 1.2).
 */
final class Specification {
  // Adam's defaults; SPAM's are set by spam()
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weightDecay;
  boolean decoupled; // AdamW: decay before the update; otherwise L2
  boolean spam;
  double theta = 5000;
  int dT = 500;
  int n = 150;
  int grace = 20;
  boolean exemptZero; // our default; the authors clip where v = 0

  final double[] w;
  final double[] m;
  final double[] v;
  int t; // steps of the optimizer
  int k; // updates of this tensor; not reset with the moments

  Specification(double... weights) {
    w = weights.clone();
    m = new double[w.length];
    v = new double[w.length];
  }

  /** SPAM with the authors' defaults, weight decay after the update. */
  static Specification spam(double... weights) {
    var s = new Specification(weights);
    s.spam = true;
    s.eps = 1e-6;
    return s;
  }

  /** One step; null if the tensor has no gradient. */
  void step(double @Nullable [] gradient) {
    t++;
    if (gradient == null) {
      return; // the authors do not reset such a tensor either
    }
    k++;
    if (spam) {
      spamStep(gradient);
    } else {
      adamStep(gradient);
    }
  }

  private void adamStep(double[] gradient) {
    for (int i = 0; i < w.length; i++) {
      double g = gradient[i];
      if (decoupled) {
        w[i] *= 1 - lr * weightDecay;
      } else {
        g += weightDecay * w[i];
      }
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      double mHat = m[i] / (1 - Math.pow(beta1, k));
      double vHat = v[i] / (1 - Math.pow(beta2, k));
      w[i] -= lr * mHat / (Math.sqrt(vHat) + eps);
    }
  }

  private void spamStep(double[] gradient) {
    if (t % dT == 0) {
      Arrays.fill(m, 0);
      Arrays.fill(v, 0);
    }
    boolean clips = theta != 0 && t >= grace && t % dT >= grace;
    double stepSize = lr * warmup() * Math.sqrt(1 - Math.pow(beta2, k)) / (1 - Math.pow(beta1, k));
    for (int i = 0; i < w.length; i++) {
      double g = gradient[i];
      if (clips && g * g > theta * v[i] && !(exemptZero && v[i] == 0)) {
        g = Math.signum(g) * Math.sqrt(theta * v[i]);
      }
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      w[i] -= stepSize * m[i] / (Math.sqrt(v[i]) + eps);
      w[i] -= lr * weightDecay * w[i];
    }
  }

  /** The factor on the learning rate: from 0.01 to 1 over n steps from a reset on. */
  double warmup() {
    int j = t % dT;
    if (t < dT || t == 1 || j >= n) {
      return 1;
    }
    return 1 - 0.99 * (1 + Math.cos(Math.PI * j / (n + 1))) / 2;
  }
}
