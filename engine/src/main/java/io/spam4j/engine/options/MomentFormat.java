package io.spam4j.engine.options;

/**
 * How an optimizer of Adam's family stores its moments between steps; within a step they are
 * float32, but for {@link #BF16_EMULATED}. What is rounded is rounded at random so that the mean is
 * the value: rounded to the nearest, a moving average with beta 0.999 would stand still. The random
 * bits are a function of {@link io.spam4j.engine.optimizers.MomentBuilder#seed}, the parameter's
 * name, the step and the element.
 */
public enum MomentFormat {
  /** float32: 8 bytes a weight for both moments. */
  F32,

  /** bfloat16, the upper half of a float32: 4 bytes a weight for both moments. */
  BF16,

  /**
   * 8 bits, relative to each coordinate itself, in blocks of 128 that share 32 bits: 2.03125 bytes
   * a weight for both moments. The direction of updates is off by 4 % (root mean square, unbiased)
   * where scales are alike and 11 % where they are not. A block in which a moment is NaN, or a
   * first moment infinite, becomes NaN as a whole.
   */
  INT8,

  /**
   * The numerics of the SPAM authors' own runs in bfloat16, for reproducing published tables, not
   * for training: weights, gradients and moments are bfloat16, and every operation of the authors'
   * chain rounds to the nearest. A second moment then never decays, 0.999 v being v again: it only
   * grows until the next reset. 4 bytes a weight for both moments; one element at a time, so slow.
   *
   * <p>For {@link io.spam4j.engine.optimizers.Spam.Preset#REFERENCE} with its settings alone, with
   * {@link WeightRounding#NEAREST}, without transforms, and not on devices.
   */
  BF16_EMULATED
}
