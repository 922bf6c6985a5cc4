package io.spam4j.engine.options;

import io.spam4j.tensors.mask.IndexMask;
import it.unimi.dsi.fastutil.longs.LongIterator;
import it.unimi.dsi.fastutil.longs.LongIterators;
import java.util.Objects;

/**
 * Which weights of a parameter with a density below 1 have moments (SPAM, Figure 6): single ones,
 * or whole lines of consecutive ones, see {@link #lines}.
 */
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

  /**
   * The same by whole lines: line i of a parameter has the flat row-major weights from i times
   * {@code length} on; the last may be shorter, and may be all there is. Of n weights {@code
   * floor(d ceil(n / length))} lines are selected, at least one, for a density d: at random, or
   * those of largest Euclidean norm of their weights or gradients (squares added as doubles in
   * order, norms rounded to float32; of equal ones the first). With {@link MaskSampling#BERNOULLI}
   * each line has a coin. All else is as for single weights: resets, {@link MomentOverlap},
   * unselected weights.
   *
   * <p>A step on lines gathers nothing, and the index takes a bit a line or less: it is faster the
   * longer lines are, up to 32 much so. Lines are in none of the papers, which select single
   * weights; what they cost in quality has to be measured for a model at hand.
   *
   * @param length weights a line: a power of two from 8 to 4096; 1, the default, for single weights
   * @throws IllegalArgumentException if it is none of these, or this selection is a given one
   */
  MaskSelection lines(int length);

  /** The weights of a line; 1 if single weights are selected. */
  default int lineLength() {
    return 1;
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

  /**
   * See {@link MaskSelection#random}.
   *
   * @param lineLength see {@link MaskSelection#lines}
   */
  record Random(MaskSampling sampling, int lineLength) implements MaskSelection {
    /** Checks both. */
    public Random {
      Objects.requireNonNull(sampling, "sampling must not be null");
      requireLength(lineLength);
    }

    /** Of single weights. */
    public Random(MaskSampling sampling) {
      this(sampling, 1);
    }

    @Override
    public Random lines(int length) {
      return new Random(sampling, length);
    }
  }

  /** See {@link MaskSelection#given} and {@link MaskSelection#givenByIterator}. */
  record Given(Source source) implements MaskSelection {
    /** Checks that there is one. */
    public Given {
      Objects.requireNonNull(source, "source must not be null");
    }

    @Override
    public MaskSelection lines(int length) {
      throw new IllegalArgumentException(
          "a given selection has no lines; give the positions of whole ones: lines=" + length);
    }
  }

  /** By magnitude. */
  enum Largest implements MaskSelection {
    /** Of the weights. */
    WEIGHTS,
    /** Of the gradients. */
    GRADIENTS;

    @Override
    public MaskSelection lines(int length) {
      return length == 1 ? this : new LargestLines(this, length);
    }
  }

  /**
   * By the norms of lines; see {@link MaskSelection#lines}.
   *
   * @param of what the norms are of
   * @param lineLength more than 1
   */
  record LargestLines(Largest of, int lineLength) implements MaskSelection {
    /** Checks both. */
    public LargestLines {
      Objects.requireNonNull(of, "of must not be null");
      requireLength(lineLength);
      if (lineLength == 1) {
        throw new IllegalArgumentException("lines of one weight are no lines: lines=1");
      }
    }

    @Override
    public MaskSelection lines(int length) {
      return of.lines(length);
    }
  }

  private static void requireLength(int length) {
    boolean isLine =
        Integer.bitCount(length) == 1
            && length >= IndexMask.SHORTEST_LINE
            && length <= IndexMask.LONGEST_LINE;
    if (!isLine && length != 1) {
      throw new IllegalArgumentException(
          "lines must be a power of two in [%d, %d], or 1 for single weights: lines=%d"
              .formatted(IndexMask.SHORTEST_LINE, IndexMask.LONGEST_LINE, length));
    }
  }
}
