package io.spam4j.engine.options;

import it.unimi.dsi.fastutil.longs.LongIterator;
import it.unimi.dsi.fastutil.longs.LongIterators;
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

  /**
   * Selections made by the caller, as in {@link #given}, of any number of weights: more than an
   * array can hold, or more than should be in memory at once.
   */
  static MaskSelection givenByIterator(IteratorSource source) {
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

  /**
   * Makes selections of any number of weights, for {@link #givenByIterator} and {@link #given}.
   *
   * <p>Any ascending iterator will do, such as that of a {@link
   * it.unimi.dsi.fastutil.longs.LongSortedSet}, of another mask ({@link
   * io.spam4j.tensors.mask.IndexMask#positions}) or of a big array, by {@link
   * it.unimi.dsi.fastutil.longs.LongBigArrayBigList#wrap(long[][])}.
   */
  @FunctionalInterface
  @SuppressWarnings("FunctionalInterfaceMethodChanged") // an array holds what the iterator gives
  interface IteratorSource extends Source {
    /**
     * The weights selected in an interval between resets.
     *
     * @param parameter its name
     * @param interval 0 before the first reset
     * @return flat row-major positions, ascending, each at most once; may be none. It is read once,
     *     to its end, before the step or the build that asks for it returns
     */
    LongIterator iterator(String parameter, long interval);

    /**
     * The same as an array; optimizers do not ask for it.
     *
     * @throws IllegalStateException if they are more than an array can hold
     */
    @Override
    default long[] positions(String parameter, long interval) {
      LongIterator iterator = iterator(parameter, interval);
      long[] positions = LongIterators.unwrap(iterator, Integer.MAX_VALUE - 8);
      if (iterator.hasNext()) {
        throw new IllegalStateException(
            "selection must fit an array: parameter=%s, interval=%d"
                .formatted(parameter, interval));
      }
      return positions;
    }
  }

  /** See {@link MaskSelection#random}. */
  record Random(MaskSampling sampling) implements MaskSelection {
    /** Checks that there is one. */
    public Random {
      Objects.requireNonNull(sampling, "sampling must not be null");
    }
  }

  /** See {@link MaskSelection#given} and {@link MaskSelection#givenByIterator}. */
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
