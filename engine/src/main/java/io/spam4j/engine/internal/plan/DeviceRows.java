package io.spam4j.engine.internal.plan;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.internal.step.StepFigures;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** Writes and reads rows of {@link DeviceTables}. */
final class DeviceRows {
  private interface Value {
    float of(UpdateCoefficients c);
  }

  /** A number of a row of coefficients. */
  private record Coefficient(long offset, Value value) {
    Coefficient(String name, Value value) {
      this(DeviceRows.offset(DeviceTables.COEFFICIENTS_ROW, name), value);
    }
  }

  private static final Coefficient[] COEFFICIENTS = {
    new Coefficient("gradientScale", c -> c.gradientScale),
    new Coefficient("clipAbove", c -> c.clipAbove),
    new Coefficient("clipDivisor", c -> c.clipDivisor),
    new Coefficient("clipTo", c -> c.clipTo),
    new Coefficient("normScale", c -> c.normScale),
    new Coefficient("gradientLimit", c -> c.gradientLimit),
    new Coefficient("coupledDecay", c -> c.coupledDecay),
    new Coefficient("spikeThreshold", c -> c.spikeThreshold),
    new Coefficient("beta1", c -> c.beta1),
    new Coefficient("oneMinusBeta1", c -> c.oneMinusBeta1),
    new Coefficient("beta2", c -> c.beta2),
    new Coefficient("oneMinusBeta2", c -> c.oneMinusBeta2),
    new Coefficient("flushBelow", c -> c.flushBelow),
    new Coefficient("epsilon", c -> c.epsilon),
    new Coefficient("stepSize", c -> c.stepSize),
    new Coefficient("decayBefore", c -> c.decayBefore),
    new Coefficient("decayAfter", c -> c.decayAfter)
  };
  private static final long FLAGS = offset(DeviceTables.COEFFICIENTS_ROW, "flags");
  private static final long SINCE_RESET = offset(DeviceTables.COEFFICIENTS_ROW, "sinceReset");
  private static final long GRADIENT_SCALE = offset(DeviceTables.COEFFICIENTS_ROW, "gradientScale");
  private static final long NORM_SCALE = offset(DeviceTables.COEFFICIENTS_ROW, "normScale");

  private static final long SPIKES = offset(DeviceTables.TALLY_ROW, "spikes");
  private static final long SKIPPED = offset(DeviceTables.TALLY_ROW, "skipped");
  private static final long LOWERED = offset(DeviceTables.TALLY_ROW, "lowered");
  private static final long CLAMPED = offset(DeviceTables.TALLY_ROW, "clamped");
  private static final long LARGEST_AT = offset(DeviceTables.TALLY_ROW, "largestAt");
  private static final long LARGEST_RATIO = offset(DeviceTables.TALLY_ROW, "largestRatio");

  private static final long SUM_OF_SQUARES = offset(DeviceTables.STATISTICS_ROW, "sumOfSquares");
  private static final long NON_FINITE = offset(DeviceTables.STATISTICS_ROW, "nonFinite");

  private DeviceRows() {}

  private static long offset(StructLayout row, String field) {
    return row.byteOffset(groupElement(field));
  }

  /** A row of {@link DeviceTables#COEFFICIENTS_ROW}. */
  static void put(MemorySegment row, UpdateCoefficients c, long updatesSinceReset) {
    for (Coefficient coefficient : COEFFICIENTS) {
      row.set(JAVA_FLOAT_UNALIGNED, coefficient.offset(), coefficient.value().of(c));
    }
    int flags =
        (c.nullifiesSpikes ? DeviceTables.NULLIFIES_SPIKES : 0)
            | (c.clipsAtZero ? DeviceTables.CLIPS_AT_ZERO : 0)
            | (c.skipsNonFinite ? DeviceTables.SKIPS_NON_FINITE : 0)
            | (c.leavesWeights ? DeviceTables.LEAVES_WEIGHTS : 0)
            | (c.resetsMoments ? DeviceTables.RESETS_MOMENTS : 0)
            | (c.zeroesMomentsAfter ? DeviceTables.ZEROES_MOMENTS_AFTER : 0);
    row.set(JAVA_INT_UNALIGNED, FLAGS, flags);
    row.set(JAVA_LONG_UNALIGNED, SINCE_RESET, updatesSinceReset);
  }

  /** The factor on the whole gradient that a row of {@link DeviceTables#COEFFICIENTS_ROW} has. */
  static double gradientScale(MemorySegment rows, int parameter) {
    long at = parameter * DeviceTables.COEFFICIENTS;
    return (double) rows.get(JAVA_FLOAT_UNALIGNED, at + GRADIENT_SCALE)
        * rows.get(JAVA_FLOAT_UNALIGNED, at + NORM_SCALE);
  }

  /** Copies a row of {@link DeviceTables#TALLY_ROW} into a report. */
  static void readTally(MemorySegment rows, int parameter, StepFigures report) {
    long at = parameter * DeviceTables.TALLY;
    report.tensorSpikes[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + SPIKES);
    report.tensorSkipped[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + SKIPPED);
    report.tensorLowered[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + LOWERED);
    report.tensorClamped[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + CLAMPED);
    report.tensorLargestAt[parameter] = rows.get(JAVA_LONG_UNALIGNED, at + LARGEST_AT);
    report.tensorLargestRatio[parameter] = rows.get(JAVA_FLOAT_UNALIGNED, at + LARGEST_RATIO);
  }

  /** The sum of squares of a row of {@link DeviceTables#STATISTICS_ROW}. */
  static double sumOfSquares(MemorySegment rows, int row) {
    return rows.get(JAVA_DOUBLE_UNALIGNED, row * DeviceTables.STATISTICS + SUM_OF_SQUARES);
  }

  /** The coordinates that are not finite, of a row of {@link DeviceTables#STATISTICS_ROW}. */
  static long nonFinite(MemorySegment rows, int row) {
    return rows.get(JAVA_LONG_UNALIGNED, row * DeviceTables.STATISTICS + NON_FINITE)
        & ~DeviceTables.HAS_NAN;
  }

  /** Whether some of those are NaN. */
  static boolean hasNaN(MemorySegment rows, int row) {
    long nonFinite = rows.get(JAVA_LONG_UNALIGNED, row * DeviceTables.STATISTICS + NON_FINITE);
    return (nonFinite & DeviceTables.HAS_NAN) != 0;
  }
}
