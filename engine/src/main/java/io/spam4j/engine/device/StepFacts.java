package io.spam4j.engine.device;

import java.util.BitSet;
import java.util.List;

/**
 * What a planner knows of a step when it plans it, and a report tells.
 *
 * @param step counted from 1
 * @param resetsMoments whether moments are reset at it
 * @param warmupScale the factor on the learning rate after a reset
 * @param learningRate of the step as a whole, see {@link
 *     io.spam4j.engine.StepReport#learningRate()}
 * @param learningRates of each parameter
 * @param hasGradient the parameters that have a gradient
 * @param unselected the parameters no weight of which is selected
 * @param bytes that the update reads and writes
 */
public record StepFacts(
    long step,
    boolean resetsMoments,
    double warmupScale,
    double learningRate,
    List<Double> learningRates,
    BitSet hasGradient,
    BitSet unselected,
    long bytes) {}
