package io.spam4j.examples.replay;

import java.util.ArrayList;
import java.util.List;

/** The transforms of gradients in double, each as plainly as it can be written. */
final class TransformSpecification {
  private TransformSpecification() {}

  /** AdaClip of Stable-SPAM (spam-spec 2): limits a tensor to the running mean of its largest. */
  static final class AdaClip {
    double gamma3 = 0.999;
    double mMax;
    int k;

    void apply(double[] g) {
      k++;
      double max = 0;
      for (double x : g) {
        max = Math.max(max, Math.abs(x));
      }
      mMax = gamma3 * mMax + (1 - gamma3) * max;
      double mMaxHat = mMax / (1 - Math.pow(gamma3, k));
      for (int i = 0; i < g.length; i++) {
        if (Math.abs(g[i]) > mMaxHat) {
          g[i] = g[i] / max * mMaxHat;
        }
      }
    }
  }

  /** AdaGN of Stable-SPAM (spam-spec 2): gives a tensor the norm that its past norms call for. */
  static final class AdaGn {
    double gamma1 = 0.7;
    double gamma2 = 0.9;
    double eps = 1e-8;
    boolean skips; // a norm that is 0 or not finite leaves everything as it is
    double mNorm;
    double vNorm;
    int k;

    /** GradientStabilizer (arXiv 2502.17055v3) with its defaults: AdaGN on its own. */
    static AdaGn gradientStabilizer() {
      var s = new AdaGn();
      s.gamma1 = 0.6;
      s.gamma2 = 0.999;
      s.eps = 1e-12;
      s.skips = true;
      return s;
    }

    void apply(double[] g) {
      double n = norm(g);
      if (skips && (n == 0 || !Double.isFinite(n))) {
        return;
      }
      k++;
      mNorm = gamma1 * mNorm + (1 - gamma1) * n;
      vNorm = gamma2 * vNorm + (1 - gamma2) * n * n;
      double mHat = mNorm / (1 - Math.pow(gamma1, k));
      double vHat = vNorm / (1 - Math.pow(gamma2, k));
      if (n > 0) {
        scale(mHat / (Math.sqrt(vHat) + eps) / n, g);
      }
    }
  }

  /**
   * ZClip (arXiv 2504.02507), reciprocal: scales all gradients so that a norm that lies z &gt;
   * zThreshold deviations above the mean lies zThreshold^2 / z above it.
   */
  static final class ZClip {
    double alpha = 0.97;
    double zThreshold = 2.5;
    int warmup = 25;
    double mean;
    double variance;
    private final List<Double> first = new ArrayList<>();

    void apply(double[]... gradients) {
      double n = norm(gradients);
      if (first.size() < warmup) {
        first.add(n);
        if (first.size() == warmup) {
          mean = first.stream().mapToDouble(x -> x).sum() / warmup;
          variance = first.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum() / warmup;
        }
        return;
      }
      double deviation = Math.sqrt(variance);
      double z = (n - mean) / deviation;
      double clipped = z > zThreshold ? mean + zThreshold * zThreshold / z * deviation : n;
      if (z > zThreshold) {
        scale(clipped / n, gradients);
      }
      mean = alpha * mean + (1 - alpha) * clipped;
      variance = alpha * variance + (1 - alpha) * (clipped - mean) * (clipped - mean);
    }
  }

  /** Limits the norm of all gradients together, as clip_grad_norm_ of torch does. */
  static void globalNormClip(double maxNorm, double[]... gradients) {
    scale(Math.min(1, maxNorm / (norm(gradients) + 1e-6)), gradients);
  }

  /** Limits every value, as clip_grad_value_ of torch does. */
  static void valueClip(double limit, double[] g) {
    for (int i = 0; i < g.length; i++) {
      g[i] = Math.clamp(g[i], -limit, limit);
    }
  }

  /**
   * Adaptive gradient clipping (arXiv 2102.06171, equation 3): limits the norm of a unit to lambda
   * times the norm of its weights. A unit is what shares the first index; a tensor of one dimension
   * or none is one.
   */
  static void agc(double lambda, double eps, long[] shape, double[] w, double[] g) {
    int units = shape.length < 2 ? 1 : (int) shape[0];
    int size = g.length / units;
    for (int u = 0; u < units; u++) {
      double weights = 0;
      double gradients = 0;
      for (int i = u * size; i < (u + 1) * size; i++) {
        weights += w[i] * w[i];
        gradients += g[i] * g[i];
      }
      double limit = lambda * Math.max(Math.sqrt(weights), eps);
      for (int i = u * size; i < (u + 1) * size; i++) {
        if (Math.sqrt(gradients) > limit) {
          g[i] *= limit / Math.sqrt(gradients);
        }
      }
    }
  }

  private static double norm(double[]... gradients) {
    double sum = 0;
    for (double[] g : gradients) {
      for (double x : g) {
        sum += x * x;
      }
    }
    return Math.sqrt(sum);
  }

  private static void scale(double factor, double[]... gradients) {
    for (double[] g : gradients) {
      for (int i = 0; i < g.length; i++) {
        g[i] *= factor;
      }
    }
  }
}
