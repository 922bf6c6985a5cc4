package io.spam4j.engine.internal.plan;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.internal.step.StepFigures;
import java.lang.foreign.MemorySegment;

/** Writes and reads rows of {@link DeviceTables}. */
final class DeviceRows {
  private DeviceRows() {}

  /** A row of {@link DeviceTables#COEFFICIENTS}. */
  static void put(MemorySegment row, UpdateCoefficients c, long updatesSinceReset) {
    row.set(JAVA_FLOAT_UNALIGNED, 0, c.gradientScale);
    row.set(JAVA_FLOAT_UNALIGNED, 4, c.clipAbove);
    row.set(JAVA_FLOAT_UNALIGNED, 8, c.clipDivisor);
    row.set(JAVA_FLOAT_UNALIGNED, 12, c.clipTo);
    row.set(JAVA_FLOAT_UNALIGNED, 16, c.normScale);
    row.set(JAVA_FLOAT_UNALIGNED, 20, c.gradientLimit);
    row.set(JAVA_FLOAT_UNALIGNED, 24, c.coupledDecay);
    row.set(JAVA_FLOAT_UNALIGNED, 28, c.spikeThreshold);
    row.set(JAVA_FLOAT_UNALIGNED, 32, c.beta1);
    row.set(JAVA_FLOAT_UNALIGNED, 36, c.oneMinusBeta1);
    row.set(JAVA_FLOAT_UNALIGNED, 40, c.beta2);
    row.set(JAVA_FLOAT_UNALIGNED, 44, c.oneMinusBeta2);
    row.set(JAVA_FLOAT_UNALIGNED, 48, c.flushBelow);
    row.set(JAVA_FLOAT_UNALIGNED, 52, c.epsilon);
    row.set(JAVA_FLOAT_UNALIGNED, 56, c.stepSize);
    row.set(JAVA_FLOAT_UNALIGNED, 60, c.decayBefore);
    row.set(JAVA_FLOAT_UNALIGNED, 64, c.decayAfter);
    int flags =
        (c.nullifiesSpikes ? 1 : 0)
            | (c.clipsAtZero ? 2 : 0)
            | (c.skipsNonFinite ? 4 : 0)
            | (c.leavesWeights ? 8 : 0)
            | (c.resetsMoments ? 16 : 0)
            | (c.zeroesMomentsAfter ? 32 : 0);
    row.set(JAVA_INT_UNALIGNED, 68, flags);
    row.set(JAVA_LONG_UNALIGNED, 72, updatesSinceReset);
  }

  /** The factor on the whole gradient that a row of {@link DeviceTables#COEFFICIENTS} has. */
  static double gradientScale(MemorySegment rows, int parameter) {
    long at = parameter * DeviceTables.COEFFICIENTS;
    return (double) rows.get(JAVA_FLOAT_UNALIGNED, at) * rows.get(JAVA_FLOAT_UNALIGNED, at + 16);
  }

  /** Copies a row of {@link DeviceTables#TALLY} into a report. */
  static void readTally(MemorySegment rows, int parameter, StepFigures report) {
    long at = parameter * DeviceTables.TALLY;
    report.tensorSpikes[parameter] = rows.get(JAVA_LONG_UNALIGNED, at);
    report.tensorSkipped[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + 8);
    report.tensorLowered[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + 16);
    report.tensorClamped[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + 24);
    report.tensorLargestAt[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + 32);
    report.tensorLargestRatio[parameter] = rows.get(JAVA_FLOAT_UNALIGNED, at + 40);
  }

  /** The sum of squares of a row of {@link DeviceTables#STATISTICS}. */
  static double sumOfSquares(MemorySegment rows, int row) {
    return rows.get(JAVA_DOUBLE_UNALIGNED, row * DeviceTables.STATISTICS);
  }

  /** The coordinates that are not finite, of a row of {@link DeviceTables#STATISTICS}. */
  static long nonFinite(MemorySegment rows, int row) {
    return rows.get(JAVA_LONG_UNALIGNED, row * DeviceTables.STATISTICS + 16);
  }
}
