package io.spam4j.examples.replay;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Adafactor (arXiv 1804.04235) as the class of the Hugging Face library runs it. A tensor of two or
 * more dimensions is a batch of matrices, each with its own row and column means.
 */
final class AdafactorSpecification implements Specification {
  double lr; // if not relativeStep
  double eps1 = 1e-30; // added to squared gradients
  double eps2 = 1e-3; // the least size of the weights that scaleParameter sees
  double d = 1; // clip_threshold, of the root mean square of the update
  double decayRate = -0.8;
  double beta1; // 0: no first moment
  double weightDecay;
  boolean relativeStep = true;
  boolean scaleParameter = true;
  boolean warmupInit;

  final double[] w;
  final double[] m;
  final double[] v; // of a vector or scalar
  final double[] r; // row means of a matrix
  final double[] c; // its column means
  private final boolean factored;
  private final int rows;
  private final int columns;
  int k; // updates of this tensor

  AdafactorSpecification(long[] shape, double... weights) {
    w = weights.clone();
    m = new double[w.length];
    v = new double[w.length];
    factored = shape.length >= 2;
    rows = factored ? (int) shape[shape.length - 2] : 1;
    columns = factored ? (int) shape[shape.length - 1] : w.length;
    r = new double[w.length / columns];
    c = new double[w.length / rows];
  }

  @Override
  public void step(double @Nullable [] gradient) {
    if (gradient == null) {
      return;
    }
    k++;
    double alpha = relativeStep ? relativeStepSize() : lr;
    if (scaleParameter) {
      alpha *= Math.max(eps2, rms(w));
    }
    double beta2 = 1 - Math.pow(k, decayRate);
    double[] u = factored ? factoredUpdate(gradient, beta2) : update(gradient, beta2);
    double excess = Math.max(1, rms(u) / d);
    for (int i = 0; i < w.length; i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * alpha * u[i] / excess;
      w[i] -= alpha * weightDecay * w[i];
      w[i] -= m[i];
    }
  }

  private double relativeStepSize() {
    return Math.min(warmupInit ? 1e-6 * k : 1e-2, 1 / Math.sqrt(k));
  }

  private double[] update(double[] g, double beta2) {
    double[] u = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      v[i] = beta2 * v[i] + (1 - beta2) * (g[i] * g[i] + eps1);
      u[i] = g[i] / Math.sqrt(v[i]);
    }
    return u;
  }

  private double[] factoredUpdate(double[] g, double beta2) {
    for (int i = 0; i < r.length; i++) {
      r[i] *= beta2;
    }
    for (int j = 0; j < c.length; j++) {
      c[j] *= beta2;
    }
    for (int e = 0; e < w.length; e++) {
      double square = g[e] * g[e] + eps1;
      r[row(e)] += (1 - beta2) * square / columns;
      c[column(e)] += (1 - beta2) * square / rows;
    }
    double[] rMean = new double[w.length / (rows * columns)];
    for (int i = 0; i < r.length; i++) {
      rMean[i / rows] += r[i] / rows;
    }
    double[] u = new double[w.length];
    for (int e = 0; e < w.length; e++) {
      u[e] = g[e] / Math.sqrt(r[row(e)] / rMean[row(e) / rows] * c[column(e)]);
    }
    return u;
  }

  /** The row of an element, counted through all matrices. */
  private int row(int element) {
    return element / columns;
  }

  /** The column of an element, counted through all matrices. */
  private int column(int element) {
    return element / (rows * columns) * columns + element % columns;
  }

  private static double rms(double[] x) {
    double sum = 0;
    for (double value : x) {
      sum += value * value;
    }
    return Math.sqrt(sum / x.length);
  }

  @Override
  public double[] w() {
    return w;
  }

  @Override
  public Map<String, double[]> state() {
    Map<String, double[]> state = new HashMap<>();
    if (factored) {
      state.put("exp_avg_sq_row", r);
      state.put("exp_avg_sq_col", c);
    } else {
      state.put("exp_avg_sq", v);
    }
    if (beta1 != 0) {
      state.put("exp_avg", m);
    }
    return state;
  }
}
