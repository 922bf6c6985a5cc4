package io.spam4j.examples.lab.protocol;

import java.util.Arrays;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * What paired differences say: their mean with Student's interval, and how often chance alone, each
 * difference's sign thrown anew, gives a mean as far from 0 (exact, over all 2^n signs).
 *
 * @param pairs n
 * @param mean of the differences; positive where the arm that is said to be better is
 * @param low end of the 95 % interval
 * @param high end of it
 * @param p of the exact sign-flip test, two-sided
 * @param wins pairs with a difference above 0
 */
public record PairedTest(int pairs, double mean, double low, double high, double p, int wins) {
  /** Fewer pairs than this can never reach p below 0.05. */
  public static final int LEAST_PAIRS = 6;

  private static final int MOST_PAIRS = 24;
  private static final double HALF_INTERVAL = 0.975;
  private static final double ROUNDING = 1e-12;

  /**
   * Tests differences.
   *
   * @throws IllegalArgumentException if there are fewer than 2 or more than 24, or one is no number
   */
  static PairedTest of(double[] differences) {
    int n = differences.length;
    if (n < 2 || n > MOST_PAIRS || !Arrays.stream(differences).allMatch(Double::isFinite)) {
      throw new IllegalArgumentException(
          "differences must be 2 to %d finite numbers: differences=%s"
              .formatted(MOST_PAIRS, Arrays.toString(differences)));
    }
    double mean = Arrays.stream(differences).sum() / n;
    double squares = Arrays.stream(differences).map(d -> (d - mean) * (d - mean)).sum();
    double error = Math.sqrt(squares / (n - 1) / n);
    // The distribution without its generator of random numbers, which takes time to set up.
    double half =
        new TDistribution(null, n - 1).inverseCumulativeProbability(HALF_INTERVAL) * error;
    int wins = (int) Arrays.stream(differences).filter(d -> d > 0).count();
    return new PairedTest(n, mean, mean - half, mean + half, signFlips(differences), wins);
  }

  private static double signFlips(double[] differences) {
    int n = differences.length;
    double size = Arrays.stream(differences).map(Math::abs).sum();
    double least = Math.abs(Arrays.stream(differences).sum()) - ROUNDING * size;
    long extreme = 0;
    for (long signs = 0; signs < 1L << n; signs++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += (signs >> i & 1) == 0 ? differences[i] : -differences[i];
      }
      if (Math.abs(sum) >= least) {
        extreme++;
      }
    }
    return (double) extreme / (1L << n);
  }
}
