package io.spam4j.examples.replay;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** SPAM, dense or with sparse momentum (arXiv 2501.06842; its authors' code, spam-spec 1.2). */
final class SpamSpecification implements Specification {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-6;
  double weightDecay;
  double theta = 5000;
  int dT = 500;
  int n = 150;
  int grace = 20;
  boolean exemptZero; // our default; the authors clip where v = 0

  final double[] w;
  double[] m; // of the selected weights only, in ascending order
  double[] v;
  private int[] mask;
  private boolean sparse;
  int t; // steps of the optimizer
  int k; // updates of this tensor; not reset with the moments

  SpamSpecification(double... weights) {
    w = weights.clone();
    m = new double[w.length];
    v = new double[w.length];
    mask = IntStream.range(0, w.length).toArray();
  }

  /**
   * Selects the weights that are updated from the next step on, in ascending order. The moments of
   * weights that were selected before stay; the reset empties them if the next step is one.
   */
  void select(int... positions) {
    double[] oldM = m;
    double[] oldV = v;
    m = new double[positions.length];
    v = new double[positions.length];
    for (int p = 0; p < positions.length; p++) {
      int old = Arrays.binarySearch(mask, positions[p]);
      if (old >= 0) {
        m[p] = oldM[old];
        v[p] = oldV[old];
      }
    }
    mask = positions.clone();
    sparse = true;
  }

  @Override
  public void step(double @Nullable [] gradient) {
    t++;
    if (gradient == null) {
      return; // the authors do not reset such a tensor either
    }
    k++;
    if (t % dT == 0) {
      Arrays.fill(m, 0);
      Arrays.fill(v, 0);
    }
    boolean clips = theta != 0 && t >= grace && t % dT >= grace;
    double stepSize = lr * warmup() * Math.sqrt(1 - Math.pow(beta2, k)) / (1 - Math.pow(beta1, k));
    for (int p = 0; p < mask.length; p++) {
      int i = mask[p];
      double g = gradient[i];
      if (clips && g * g > theta * v[p] && !(exemptZero && v[p] == 0)) {
        g = Math.signum(g) * Math.sqrt(theta * v[p]);
      }
      m[p] = beta1 * m[p] + (1 - beta1) * g;
      v[p] = beta2 * v[p] + (1 - beta2) * g * g;
      w[i] -= stepSize * m[p] / (Math.sqrt(v[p]) + eps);
      if (!sparse) { // the authors' decay of masked weights reaches only a copy
        w[i] -= lr * weightDecay * w[i];
      }
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

  @Override
  public double[] w() {
    return w;
  }

  @Override
  public Map<String, double[]> state() {
    return Map.of("exp_avg", m, "exp_avg_sq", v);
  }
}
