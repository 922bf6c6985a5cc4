package io.spam4j.examples.replay;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Stable-SPAM (arXiv 2502.17055) as recommended (spam-spec 2.4), or as its authors' code runs it
 * (2.2): AdaClip, AdaGN, then Adam with decoupled decay whose moments are reset now and then.
 */
final class StableSpamSpecification implements Specification {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weightDecay;
  double gamma1 = 0.7;
  double gamma2 = 0.9;
  double gamma3 = 0.999;
  boolean adaClip = true;
  boolean adaGn = true;
  int dT = 1000; // 0: never
  int totalSteps; // of the schedule of beta1 and gamma1; 0: none
  double etaMin = 0.5;
  // what the authors' code does and we do not
  boolean
      aliasedReset; // the update of a reset still uses the old moments, and its gradient is lost
  boolean sharedCounter; // a reset starts the corrections of the norms' statistics anew as well
  boolean periodic; // the schedule rises again after its end

  final double[] w;
  final double[] m;
  final double[] v;
  final TransformSpecification.AdaClip clip = new TransformSpecification.AdaClip();
  final TransformSpecification.AdaGn norm = new TransformSpecification.AdaGn();
  int t; // steps of the optimizer
  int k; // updates of this tensor since its last reset

  StableSpamSpecification(double... weights) {
    w = weights.clone();
    m = new double[w.length];
    v = new double[w.length];
  }

  /** With the semantics of the authors' code. */
  static StableSpamSpecification reference(double... weights) {
    var s = new StableSpamSpecification(weights);
    s.aliasedReset = true;
    s.sharedCounter = true;
    s.periodic = true;
    return s;
  }

  @Override
  public void step(double @Nullable [] gradient) {
    t++;
    if (gradient == null) {
      return;
    }
    k++;
    double sigma = schedule();
    double[] g = stabilized(gradient, sigma);
    boolean reset = dT != 0 && t % dT == 0;
    if (reset) {
      k = 1;
      if (sharedCounter) {
        clip.k = 1;
        norm.k = 1;
      }
      if (!aliasedReset) {
        forget();
      }
    }
    double b1 = beta1 * sigma;
    for (int i = 0; i < w.length; i++) {
      w[i] *= 1 - lr * weightDecay;
      m[i] = b1 * m[i] + (1 - b1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      double mHat = m[i] / (1 - Math.pow(b1, k));
      double vHat = v[i] / (1 - Math.pow(beta2, k));
      w[i] -= lr * mHat / (Math.sqrt(vHat) + eps);
    }
    if (reset && aliasedReset) {
      forget();
    }
  }

  private double[] stabilized(double[] gradient, double sigma) {
    double[] g = gradient.clone();
    if (adaClip) {
      clip.gamma3 = gamma3;
      clip.apply(g);
    }
    if (adaGn) {
      norm.gamma1 = gamma1 * sigma;
      norm.gamma2 = gamma2;
      norm.eps = eps;
      norm.apply(g);
    }
    return g;
  }

  private void forget() {
    Arrays.fill(m, 0);
    Arrays.fill(v, 0);
  }

  /** The factor on beta1 and gamma1: a cosine from 1 to etaMin over totalSteps. */
  double schedule() {
    if (totalSteps == 0) {
      return 1;
    }
    int tau = periodic ? t : Math.min(t, totalSteps + 1);
    return etaMin + (1 - etaMin) * (1 + Math.cos(Math.PI * tau / (totalSteps + 1))) / 2;
  }

  @Override
  public double[] w() {
    return w;
  }

  @Override
  public Map<String, double[]> state() {
    return Map.of(
        "exp_avg", m,
        "exp_avg_sq", v,
        "m_max_t", new double[] {clip.mMax},
        "m_norm_t", new double[] {norm.mNorm},
        "v_norm_t", new double[] {norm.vNorm});
  }
}
