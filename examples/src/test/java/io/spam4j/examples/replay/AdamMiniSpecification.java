package io.spam4j.examples.replay;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Adam-mini (arXiv 2406.16793) as version 1.1.1 of its authors' class runs it: Adam with one second
 * moment a block, the mean of the squared gradients there. A block is a run of {@code w.length /
 * blocks} weights.
 */
final class AdamMiniSpecification implements Specification {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weightDecay;

  final double[] w;
  final double[] m;
  final double[] vMean;
  int k; // updates of this tensor

  AdamMiniSpecification(int blocks, double... weights) {
    w = weights.clone();
    m = new double[w.length];
    vMean = new double[blocks];
  }

  /**
   * The number of blocks of a tensor of a transformer: queries and keys have one for each {@code
   * dim * dim / heads} weights, which is a head; other matrices one a row (a token of the embedding
   * and of the output layer, an output neuron elsewhere); a norm is one.
   */
  static int blocks(String name, long[] shape, int dim, int heads) {
    int elements = 1;
    for (long size : shape) {
      elements *= (int) size;
    }
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.contains("q_proj") || lower.contains("k_proj")) {
      return elements / (dim * dim / heads);
    }
    return shape.length < 2 ? 1 : (int) shape[0];
  }

  /** Whether weight decay applies: not to norms. */
  static boolean decays(String name) {
    return !name.toLowerCase(Locale.ROOT).contains("norm");
  }

  @Override
  public void step(double @Nullable [] gradient) {
    if (gradient == null) {
      return;
    }
    k++;
    int size = w.length / vMean.length;
    for (int b = 0; b < vMean.length; b++) {
      double meanSquare = 0;
      for (int i = b * size; i < (b + 1) * size; i++) {
        meanSquare += gradient[i] * gradient[i] / size;
      }
      vMean[b] = beta2 * vMean[b] + (1 - beta2) * meanSquare;
      double vHat = vMean[b] / (1 - Math.pow(beta2, k));
      for (int i = b * size; i < (b + 1) * size; i++) {
        w[i] *= 1 - lr * weightDecay;
        m[i] = beta1 * m[i] + (1 - beta1) * gradient[i];
        double mHat = m[i] / (1 - Math.pow(beta1, k));
        w[i] -= lr * mHat / (Math.sqrt(vHat) + eps);
      }
    }
  }

  @Override
  public double[] w() {
    return w;
  }

  @Override
  public Map<String, double[]> state() {
    return Map.of("m", m, "vmean", vMean);
  }
}
