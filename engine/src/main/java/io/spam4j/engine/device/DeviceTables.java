package io.spam4j.engine.device;

import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.lang.foreign.StructLayout;

/**
 * The rows that a planner writes for a device and reads from it: little-endian, without gaps but
 * those named {@code reserved}. A layout tells the names and offsets of a row's fields, a number of
 * the same name the bytes of a row.
 */
public final class DeviceTables {
  /**
   * Of each parameter at each step, what its update does: as {@link UpdateCoefficients}, whose yes
   * and no are bits of {@code flags}. {@code sinceReset} is how often the parameter was updated
   * since its moments were last reset, this step included, a reset at it not.
   */
  public static final StructLayout COEFFICIENTS_ROW =
      structLayout(
          JAVA_FLOAT.withName("gradientScale"),
          JAVA_FLOAT.withName("clipAbove"),
          JAVA_FLOAT.withName("clipDivisor"),
          JAVA_FLOAT.withName("clipTo"),
          JAVA_FLOAT.withName("normScale"),
          JAVA_FLOAT.withName("gradientLimit"),
          JAVA_FLOAT.withName("coupledDecay"),
          JAVA_FLOAT.withName("spikeThreshold"),
          JAVA_FLOAT.withName("beta1"),
          JAVA_FLOAT.withName("oneMinusBeta1"),
          JAVA_FLOAT.withName("beta2"),
          JAVA_FLOAT.withName("oneMinusBeta2"),
          JAVA_FLOAT.withName("flushBelow"),
          JAVA_FLOAT.withName("epsilon"),
          JAVA_FLOAT.withName("stepSize"),
          JAVA_FLOAT.withName("decayBefore"),
          JAVA_FLOAT.withName("decayAfter"),
          JAVA_INT.withName("flags"),
          JAVA_LONG.withName("sinceReset"));

  /** See {@link #COEFFICIENTS_ROW}. */
  public static final long COEFFICIENTS = COEFFICIENTS_ROW.byteSize();

  /** A flag of {@link #COEFFICIENTS_ROW}: {@link UpdateCoefficients#nullifiesSpikes}. */
  public static final int NULLIFIES_SPIKES = 1;

  /** A flag of {@link #COEFFICIENTS_ROW}: {@link UpdateCoefficients#clipsAtZero}. */
  public static final int CLIPS_AT_ZERO = 2;

  /** A flag of {@link #COEFFICIENTS_ROW}: {@link UpdateCoefficients#skipsNonFinite}. */
  public static final int SKIPS_NON_FINITE = 4;

  /** A flag of {@link #COEFFICIENTS_ROW}: {@link UpdateCoefficients#leavesWeights}. */
  public static final int LEAVES_WEIGHTS = 8;

  /**
   * A flag of {@link #COEFFICIENTS_ROW}: {@link UpdateCoefficients#resetsMoments}; the update does
   * it.
   */
  public static final int RESETS_MOMENTS = 16;

  /** A flag of {@link #COEFFICIENTS_ROW}: {@link UpdateCoefficients#zeroesMomentsAfter}; so too. */
  public static final int ZEROES_MOMENTS_AFTER = 32;

  /**
   * Of each transform that depends on the gradients of the step: its type, {@link
   * PlannedTransform#place}, flags, and the numbers that its type names.
   */
  public static final StructLayout TRANSFORM_ROW =
      structLayout(
          JAVA_INT.withName("type"),
          JAVA_INT.withName("place"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("reserved"),
          sequenceLayout(6, JAVA_DOUBLE).withName("numbers"));

  /** See {@link #TRANSFORM_ROW}. */
  public static final long TRANSFORM = TRANSFORM_ROW.byteSize();

  /**
   * A type of {@link #TRANSFORM_ROW}: what the coefficients say already, for later transforms to
   * look at.
   */
  public static final int DECIDED = 0;

  /** A type of {@link #TRANSFORM_ROW}: a global norm. Number: the most it may be. */
  public static final int GLOBAL_NORM = 1;

  /** A type of {@link #TRANSFORM_ROW}. Numbers: threshold, decay, number of warm-up steps. */
  public static final int ZCLIP = 2;

  /** A type of {@link #TRANSFORM_ROW}. Number: the decay. */
  public static final int ADA_CLIP = 3;

  /** A type of {@link #TRANSFORM_ROW}. Numbers: the decays of mean and square, epsilon. */
  public static final int ADA_GN = 4;

  /** A place of {@link #TRANSFORM_ROW}: {@code gradientScale}. */
  public static final int GRADIENT_SCALE = 0;

  /** A place of {@link #TRANSFORM_ROW}: {@code clipAbove}, {@code clipDivisor}, {@code clipTo}. */
  public static final int CLIP = 1;

  /** A place of {@link #TRANSFORM_ROW}: {@code normScale}. */
  public static final int NORM_SCALE = 2;

  /** A flag of {@link #TRANSFORM_ROW}: counts are {@code sinceReset}, not the history's own. */
  public static final int SHARED_COUNTER = 1;

  /** A flag of {@link #TRANSFORM_ROW}: gradients whose norm is 0 count. */
  public static final int COUNTS_ZERO_NORMS = 2;

  /**
   * A flag of {@link #TRANSFORM_ROW}: what is infinite makes statistics infinite, what is NaN makes
   * them NaN; else both are left out.
   */
  public static final int POISONS = 4;

  /**
   * The history that such a transform keeps of a parameter: first the numbers that {@link
   * io.spam4j.engine.Optimizer#scalars} names, in that order.
   */
  public static final StructLayout HISTORY_ROW =
      structLayout(sequenceLayout(4, JAVA_DOUBLE).withName("numbers"));

  /** See {@link #HISTORY_ROW}. */
  public static final long HISTORY = HISTORY_ROW.byteSize();

  /**
   * Of each parameter, what an update counted: spikes, skipped, lowered and clamped coordinates,
   * the largest ratio and where it was, -1 if nowhere.
   */
  public static final StructLayout TALLY_ROW =
      structLayout(
          JAVA_LONG.withName("spikes"),
          JAVA_LONG.withName("skipped"),
          JAVA_LONG.withName("lowered"),
          JAVA_LONG.withName("clamped"),
          JAVA_LONG.withName("largestAt"),
          JAVA_FLOAT.withName("largestRatio"),
          JAVA_INT.withName("reserved"));

  /** See {@link #TALLY_ROW}. */
  public static final long TALLY = TALLY_ROW.byteSize();

  /**
   * Statistics of a gradient: sum of squares and largest magnitude of the finite coordinates, and
   * the number of those that are not, plus {@link #HAS_NAN} if some of them are NaN.
   */
  public static final StructLayout STATISTICS_ROW =
      structLayout(
          JAVA_DOUBLE.withName("sumOfSquares"),
          JAVA_DOUBLE.withName("maxAbs"),
          JAVA_LONG.withName("nonFinite"));

  /** See {@link #STATISTICS_ROW}. */
  public static final long STATISTICS = STATISTICS_ROW.byteSize();

  /** Added to {@code nonFinite} of {@link #STATISTICS_ROW}: not all of those are infinite. */
  public static final long HAS_NAN = 1L << 62;

  private DeviceTables() {}
}
