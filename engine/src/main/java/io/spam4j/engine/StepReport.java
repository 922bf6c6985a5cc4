package io.spam4j.engine;

import java.util.Arrays;
import java.util.List;

/**
 * What a step did, as a whole and to each tensor. One object for the life of an optimizer: the next
 * step overwrites it, so that a step allocates nothing. All numbers but {@link #nanos} are the same
 * at any thread count and vector width.
 */
public final class StepReport {
  private final List<String> names;
  final long[] tensorSpikes;
  final long[] totalSpikes; // of each tensor, over all steps
  final long[] tensorSkipped;
  final long[] tensorLowered;
  final long[] tensorClamped;
  final float[] tensorLargestRatio;
  final long[] tensorLargestAt;
  final double[] tensorNorm;
  final double[] tensorScale;
  long step;
  boolean skipped;
  boolean momentumReset;
  double warmupScale;
  double learningRate;
  double gradientNorm;
  long nanos;
  long bytes;

  StepReport(List<String> names) {
    this.names = names;
    tensorSpikes = new long[names.size()];
    totalSpikes = new long[names.size()];
    tensorSkipped = new long[names.size()];
    tensorLowered = new long[names.size()];
    tensorClamped = new long[names.size()];
    tensorLargestRatio = new float[names.size()];
    tensorLargestAt = new long[names.size()];
    tensorNorm = new double[names.size()];
    tensorScale = new double[names.size()];
  }

  /** Starts the description of a step. */
  void begin(
      long step, boolean skipped, boolean resetsMoments, double warmupScale, double learningRate) {
    this.step = step;
    this.skipped = skipped;
    momentumReset = resetsMoments;
    this.warmupScale = warmupScale;
    this.learningRate = learningRate;
    Arrays.fill(tensorScale, 1);
  }

  /** The number of this step, counted from 1. A skipped step has the number it would have had. */
  public long step() {
    return step;
  }

  /** Whether {@link NonFinitePolicy#SKIP_STEP} made this step a no-op. */
  public boolean isSkipped() {
    return skipped;
  }

  /** Whether both moments were reset to zero before this step's gradient was added. */
  public boolean isMomentumReset() {
    return momentumReset;
  }

  /** The factor on the learning rate after a reset, in (0, 1]; 1 when no warm-up is on. */
  public double warmupScale() {
    return warmupScale;
  }

  /** The schedule's learning rate at this step, without the warm-up after a reset. */
  public double learningRate() {
    return learningRate;
  }

  /**
   * The Euclidean norm of all finite gradient coordinates before any transform; NaN unless
   * gradients were measured, which a transform that looks at norms or maxima makes them.
   */
  public double gradientNorm() {
    return gradientNorm;
  }

  /** The same of tensor {@code i} alone. */
  public double gradientNorm(int i) {
    return tensorNorm[i];
  }

  /** The factor that the transforms put on tensor {@code i} as a whole; 1 if none did. */
  public double gradientScale(int i) {
    return tensorScale[i];
  }

  /** The time of the step in nanoseconds. */
  public long nanos() {
    return nanos;
  }

  /**
   * The bytes the step read and wrote: 28 a weight that has two moments, 4 more a weight when
   * gradients were measured.
   */
  public long bytes() {
    return bytes;
  }

  /** The number of tensors; those without a gradient count too. */
  public int tensors() {
    return names.size();
  }

  /** The name of tensor {@code i}, in the order of {@link Optimizer#parameters}. */
  public String name(int i) {
    return names.get(i);
  }

  /** How many coordinates of tensor {@code i} were spikes and were clipped. */
  public long spikes(int i) {
    return tensorSpikes[i];
  }

  /** How many coordinates of tensor {@code i} were spikes since the start of the run. */
  public long totalSpikes(int i) {
    return totalSpikes[i];
  }

  /** Says that nothing was counted. */
  void clearCounts() {
    for (long[] counts : List.of(tensorSpikes, tensorSkipped, tensorLowered, tensorClamped)) {
      Arrays.fill(counts, 0);
    }
    Arrays.fill(tensorLargestRatio, 0);
    Arrays.fill(tensorLargestAt, -1);
    bytes = 0;
    nanos = 0;
  }

  /** Adds this step's spikes to those of the run. */
  void addSpikes() {
    for (int i = 0; i < totalSpikes.length; i++) {
      totalSpikes[i] += tensorSpikes[i];
    }
  }

  /** How many coordinates of all tensors were spikes and were clipped. */
  public long spikes() {
    return sum(tensorSpikes);
  }

  /**
   * The largest g^2 / v over the finite coordinates of tensor {@code i} whose second moment v was
   * not 0 (v as it was before this step, g as the optimizer saw it before clipping spikes; squares
   * below the smallest normal float left out); 0 if there were none. A spike is a coordinate where
   * this exceeds the spike threshold.
   */
  public float largestRatio(int i) {
    return tensorLargestRatio[i];
  }

  /**
   * Where {@link #largestRatio(int)} was: the index of the coordinate in the flat, row-major tensor
   * {@code i}, of several with the same ratio the lowest; -1 if the ratio is 0. Of a tensor of
   * which only some weights have moments it is the index in the whole tensor too.
   */
  public long largestRatioIndex(int i) {
    return tensorLargestAt[i];
  }

  /** The largest g^2 / v over all tensors. */
  public float largestRatio() {
    float largest = 0;
    for (float ratio : tensorLargestRatio) {
      largest = Math.max(largest, ratio);
    }
    return largest;
  }

  /** How many coordinates of tensor {@code i} were NaN or Inf and left their weight untouched. */
  public long skippedCoordinates(int i) {
    return tensorSkipped[i];
  }

  /** How many coordinates of all tensors were NaN or Inf and left their weight untouched. */
  public long skippedCoordinates() {
    return sum(tensorSkipped);
  }

  /** How many coordinates of tensor {@code i} {@link GradientTransform.AdaClip} lowered. */
  public long loweredCoordinates(int i) {
    return tensorLowered[i];
  }

  /** How many coordinates of all tensors {@link GradientTransform.AdaClip} lowered. */
  public long loweredCoordinates() {
    return sum(tensorLowered);
  }

  /**
   * How many coordinates of tensor {@code i} were limited in size: to 1e18, so that their square
   * fits a float, or to the limit of {@link GradientTransform#value}.
   */
  public long clampedCoordinates(int i) {
    return tensorClamped[i];
  }

  /** How many coordinates of all tensors were limited in size. */
  public long clampedCoordinates() {
    return sum(tensorClamped);
  }

  private static long sum(long[] values) {
    long sum = 0;
    for (long value : values) {
      sum += value;
    }
    return sum;
  }
}
