package io.spam4j.engine.optimizers;

/** Adafactor in double, scaled by the weights, of a batch of matrices or of a vector. */
final class PlainAdafactor {
  private final int rows;
  private final int columns;
  private final double[] r;
  private final double[] c;
  private final double[] v;
  private int k;

  /** A vector if {@code columns} is 0. */
  PlainAdafactor(int matrices, int rows, int columns) {
    this.rows = rows;
    this.columns = columns;
    r = new double[matrices * rows];
    c = new double[matrices * columns];
    v = new double[columns == 0 ? rows : 0];
  }

  void step(double[] w, float[] g, double lr) {
    k++;
    double rate = Math.pow(k, -0.8);
    double alpha = lr * Math.max(1e-3, rms(w, new float[w.length]));
    double[] u = columns == 0 ? vectorUpdate(g, rate) : matrixUpdate(g, rate);
    double excess = Math.max(1, rms(u, g));
    for (int i = 0; i < w.length; i++) {
      w[i] -= alpha * u[i] / excess;
    }
  }

  private double[] vectorUpdate(float[] g, double rate) {
    double[] u = new double[g.length];
    for (int i = 0; i < g.length; i++) {
      if (Float.isFinite(g[i])) {
        v[i] = (1 - rate) * v[i] + rate * ((double) g[i] * g[i] + 1e-30);
        u[i] = g[i] / Math.sqrt(v[i]);
      }
    }
    return u;
  }

  private double[] matrixUpdate(float[] g, double rate) {
    double[] rowSums = new double[r.length];
    double[] rowCounts = new double[r.length];
    double[] columnSums = new double[c.length];
    double[] columnCounts = new double[c.length];
    for (int i = 0; i < g.length; i++) {
      if (Float.isFinite(g[i])) {
        double square = (double) g[i] * g[i];
        rowSums[i / columns] += square;
        rowCounts[i / columns]++;
        columnSums[column(i)] += square;
        columnCounts[column(i)]++;
      }
    }
    advance(r, rowSums, rowCounts, rate);
    advance(c, columnSums, columnCounts, rate);
    double[] means = new double[r.length / rows];
    for (int row = 0; row < r.length; row++) {
      means[row / rows] += r[row] / rows;
    }
    double[] u = new double[g.length];
    for (int i = 0; i < g.length; i++) {
      int row = i / columns;
      boolean counts = Float.isFinite(g[i]);
      u[i] = counts ? g[i] / Math.sqrt(r[row] / means[row / rows] * c[column(i)]) : 0;
    }
    return u;
  }

  /** The column of an element, counted through all matrices. */
  private int column(int i) {
    return i / (rows * columns) * columns + i % columns;
  }

  private static void advance(double[] state, double[] sums, double[] counts, double rate) {
    for (int i = 0; i < state.length; i++) {
      if (counts[i] > 0) {
        state[i] = (1 - rate) * state[i] + rate * (sums[i] / counts[i] + 1e-30);
      }
    }
  }

  /** Of the values whose gradients are finite. */
  private static double rms(double[] values, float[] g) {
    double sum = 0;
    int count = 0;
    for (int i = 0; i < values.length; i++) {
      if (Float.isFinite(g[i])) {
        sum += values[i] * values[i];
        count++;
      }
    }
    return Math.sqrt(sum / count);
  }
}
