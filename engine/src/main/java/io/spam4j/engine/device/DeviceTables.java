package io.spam4j.engine.device;

/**
 * The rows that a planner writes for a device and reads from it: little-endian, without gaps but
 * those named.
 */
public final class DeviceTables {
  private DeviceTables() {}

  /**
   * Of each parameter at each step, what its update does. Floats: 0 gradientScale, 4 clipAbove, 8
   * clipDivisor, 12 clipTo, 16 normScale, 20 gradientLimit, 24 coupledDecay, 28 spikeThreshold, 32
   * beta1, 36 oneMinusBeta1, 40 beta2, 44 oneMinusBeta2, 48 flushBelow, 52 epsilon, 56 stepSize, 60
   * decayBefore, 64 decayAfter. 68: flags as an {@code int}: 1 nullifiesSpikes, 2 clipsAtZero, 4
   * skipsNonFinite, 8 leavesWeights, 16 resetsMoments, 32 zeroesMomentsAfter. 72: as a {@code
   * long}, how often the parameter was updated since its moments were last reset, this step
   * included, a reset at it not.
   */
  public static final long COEFFICIENTS = 80;

  /**
   * Of each transform that depends on the gradients of the step. {@code int}s: 0 type (1 global
   * norm, 2 ZClip, 3 AdaClip, 4 AdaGN), 4 place ({@link PlannedTransform#place}), 8 flags (1 counts
   * are those of {@link #COEFFICIENTS}, 2 gradients of norm 0 count, 4 coordinates that are not
   * finite make statistics NaN), 12 nothing. From 16 on six {@code double}s: of a global norm the
   * most it may be; of ZClip threshold, decay and number of warm-up steps; of AdaClip the decay; of
   * AdaGN the decays of mean and square, and epsilon.
   */
  public static final long TRANSFORM = 64;

  /**
   * The history that such a transform keeps of a parameter: four {@code double}s, first those that
   * {@link io.spam4j.engine.Optimizer#scalars} names, in that order.
   */
  public static final long HISTORY = 32;

  /**
   * Of each parameter, what an update counted. {@code long}s: 0 spikes, 8 skipped, 16 lowered, 24
   * clamped coordinates, 32 where the largest ratio was, -1 if nowhere; 40 the largest ratio, a
   * {@code float}; 44 nothing.
   */
  public static final long TALLY = 48;

  /**
   * Statistics of a gradient: 0 sum of squares and 8 largest magnitude of the finite coordinates,
   * {@code double}s; 16 the number of those that are not finite, a {@code long}.
   */
  public static final long STATISTICS = 24;
}
