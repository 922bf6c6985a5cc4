package io.spam4j.engine.device;

import java.util.BitSet;

/**
 * What a planner knows of a step when it plans it, and a report tells.
 *
 * @param step counted from 1
 * @param resetsMoments whether moments are reset at it
 * @param warmupScale the factor on the learning rate after a reset
 * @param learningRate the schedule's, of the first parameter
 * @param hasGradient the parameters that have a gradient
 * @param unselected the parameters no weight of which is selected
 * @param bytes that the update reads and writes
 */
public record StepFacts(
    long step,
    boolean resetsMoments,
    double warmupScale,
    double learningRate,
    BitSet hasGradient,
    BitSet unselected,
    long bytes) {}
