package io.spam4j.engine.options;

/** How an optimizer stores bfloat16 weights after a step, which is float32. */
public enum WeightRounding {
  /**
   * To one of the two bfloat16 beside the weight, at random, so that the mean is the weight: steps
   * far smaller than the distance of two bfloat16 still move it as far as they should, on average.
   * The random bits are a function of {@link io.spam4j.engine.optimizers.MomentBuilder#seed}, the
   * parameter's name, the step and the element.
   */
  STOCHASTIC,

  /** To the nearest bfloat16: a step of less than half the distance of two of them is lost. */
  NEAREST,

  /**
   * Not at all: the optimizer keeps the other 16 bits of each weight as state {@code weight_low},
   * so that both together are the float32 weight. What it is given is the nearest bfloat16.
   */
  EXACT
}
