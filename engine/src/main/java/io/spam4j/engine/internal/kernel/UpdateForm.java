package io.spam4j.engine.internal.kernel;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.tensors.DType;

/**
 * What a copy of the vector update is compiled for: how its streams are stored, and whether it can
 * leave out what usual settings never need. All are constants of the copy, so that a loop has no
 * branches around vectors.
 *
 * @param weights how weights are stored
 * @param halfGradient whether the gradient is BF16; otherwise it is F32
 * @param moments how the first moments are stored, and with them the second: F32; BF16, rounded at
 *     random; or I8, codes
 * @param settings what the coefficients allow to leave out
 * @param line how many weights lie together, where those of the moments are selected in lines: see
 *     {@link Operands#lines}; 0 where all do
 */
public record UpdateForm(
    Weights weights, boolean halfGradient, DType moments, Settings settings, int line) {
  /** A form for weights that all lie together. */
  public UpdateForm(Weights weights, boolean halfGradient, DType moments, Settings settings) {
    this(weights, halfGradient, moments, settings, 0);
  }

  /** How weights are stored. */
  public enum Weights {
    /** As float32. */
    F32,

    /** As bfloat16, rounded at random. */
    BF16_STOCHASTIC,

    /** As bfloat16, rounded to the nearest. */
    BF16_NEAREST,

    /** As bfloat16 and the 16 bits that are missing to float32. */
    SPLIT,

    /** Not at all: what is to be added to them is written as float32. */
    ELSEWHERE
  }

  /** What the coefficients allow to leave out, each with all of the one before it. */
  public enum Settings {
    /** Nothing. */
    ANY,

    /** There is no L2 regularisation, and the square root plus eps is never 0. */
    PLAIN,

    /** Nor are there factors on the gradient, nor weight decay. */
    BARE;

    /** The most that these coefficients allow; nothing if the limit's square is subnormal. */
    public static Settings of(UpdateCoefficients c) {
      boolean isPlain =
          c.coupledDecay == 0 && c.epsilon > 0 && UsualBounds.square(c) >= Float.MIN_NORMAL;
      if (!isPlain) {
        return ANY;
      }
      boolean isBare =
          c.gradientScale == 1 && c.normScale == 1 && c.decayBefore == 1 && c.decayAfter == 0;
      return isBare ? BARE : PLAIN;
    }
  }

  /** Whether moments are codes of 8 bits. */
  boolean isCodes() {
    return moments == DType.I8;
  }

  /** Whether all streams are bfloat16, one half each. */
  boolean isAllHalves() {
    boolean halfWeights = weights == Weights.BF16_STOCHASTIC || weights == Weights.BF16_NEAREST;
    return halfWeights && halfGradient && moments == DType.BF16;
  }
}
