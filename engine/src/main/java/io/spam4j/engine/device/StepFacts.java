package io.spam4j.engine.device;

import java.util.BitSet;

/**
 * What a planner knows of a step when it plans it, and a report tells.
 *
 * @param step counted from 1
 * @param resetsMoments whether moments are reset at it
 * @param warmupScale the factor on the learning rate after a reset
 * @param learningRate of the step as a whole, see {@link
 *     io.spam4j.engine.StepReport#learningRate()}
 * @param learningRates of each parameter; copied when given, and whenever asked for
 * @param hasGradient the parameters that have a gradient
 * @param unselected the parameters no weight of which is selected
 * @param bytes that the update reads and writes
 */
@SuppressWarnings("ArrayRecordComponent") // copied, and never compared
public record StepFacts(
    long step,
    boolean resetsMoments,
    double warmupScale,
    double learningRate,
    double[] learningRates,
    BitSet hasGradient,
    BitSet unselected,
    long bytes) {
  /** Copies the learning rates. */
  public StepFacts {
    learningRates = learningRates.clone();
  }

  /** A copy: ask once for all parameters. */
  @Override
  public double[] learningRates() {
    return learningRates.clone();
  }
}
