package io.spam4j.engine.options;

import java.util.Objects;

/** Which weights of a parameter with a density below 1 have moments (SPAM, Figure 6). */
public sealed interface MaskSelection {
  /** A random selection, made anew at each reset; the paper's, and the best. */
  static MaskSelection random() {
    return random(MaskSampling.EXACT);
  }

  /** A random selection of another number of weights. */
  static MaskSelection random(MaskSampling sampling) {
    return new Random(sampling);
  }

  /** The weights of largest magnitude at each reset; of equal ones the first. */
  static MaskSelection largestWeights() {
    return Largest.WEIGHTS;
  }

  /**
   * The weights whose gradient is largest in magnitude at each reset; of equal ones the first. A
   * parameter that has no gradient then keeps its selection; one that never had any has none.
   */
  static MaskSelection largestGradients() {
    return Largest.GRADIENTS;
  }

  /** Selections made by the caller; the density does not matter then, if it is below 1. */
  static MaskSelection given(Source source) {
    return new Given(source);
  }

  /** Makes selections. */
  @FunctionalInterface
  interface Source {
    /**
     * The weights selected in an interval between resets.
     *
     * @param parameter its name
     * @param interval 0 before the first reset
     * @return flat row-major positions, ascending, each at most once; may be none
     */
    long[] positions(String parameter, long interval);
  }

  /** See {@link MaskSelection#random}. */
  record Random(MaskSampling sampling) implements MaskSelection {
    /** Checks that there is one. */
    public Random {
      Objects.requireNonNull(sampling, "sampling must not be null");
    }
  }

  /** See {@link MaskSelection#given}. */
  record Given(Source source) implements MaskSelection {
    /** Checks that there is one. */
    public Given {
      Objects.requireNonNull(source, "source must not be null");
    }
  }

  /** By magnitude. */
  enum Largest implements MaskSelection {
    /** Of the weights. */
    WEIGHTS,
    /** Of the gradients. */
    GRADIENTS
  }
}
