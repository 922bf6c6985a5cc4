package io.spam4j.engine.device;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What a device found out in a step.
 *
 * @param tallies rows of {@link DeviceTables#TALLY_ROW}, one a parameter
 * @param statistics rows of {@link DeviceTables#STATISTICS_ROW} of the gradients as they came, one
 *     a parameter, and one of all; null if the planner does not measure
 * @param coefficients the rows of {@link DeviceTables#COEFFICIENTS_ROW} as the update used them
 * @param nanos the time that the step took
 */
public record StepResults(
    MemorySegment tallies,
    @Nullable MemorySegment statistics,
    MemorySegment coefficients,
    long nanos) {}
