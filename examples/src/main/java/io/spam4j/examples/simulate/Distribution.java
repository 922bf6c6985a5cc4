package io.spam4j.examples.simulate;

import io.spam4j.tensors.Philox;
import java.util.Locale;

/** Where the gradients come from when they do not spike. */
enum Distribution {
  /** Figure 5 of the paper: normal, its second argument a variance. */
  GAUSSIAN("N(0.1, variance 0.1)", 0.1, 0.1) {
    @Override
    double draw(Philox random, long seed) {
      return mean() + Math.sqrt(variance()) * random.gaussian(seed);
    }
  },

  /** The other script of the authors. */
  UNIFORM("U[0.1, 0.2)", 0.15, 0.01 / 12) {
    @Override
    double draw(Philox random, long seed) {
      return 0.1 + 0.1 * random.uniformDouble(seed);
    }
  };

  private final String formula;
  private final double mean;
  private final double variance;

  Distribution(String formula, double mean, double variance) {
    this.formula = formula;
    this.mean = mean;
    this.variance = variance;
  }

  /** One gradient: element {@code seed} of a step's stream. */
  abstract double draw(Philox random, long seed);

  /** As it is written, such as {@code U[0.1, 0.2)}. */
  String formula() {
    return formula;
  }

  double mean() {
    return mean;
  }

  double variance() {
    return variance;
  }

  /** The mean of the square. */
  double meanSquare() {
    return mean * mean + variance;
  }

  /** As on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
