package io.spam4j.engine.internal.step;

import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.small.TensorCounts;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@link StepReport} as it is being written. It has a step number of its own: where a device does
 * the steps, it tells of one while later ones are decided.
 */
public final class StepFigures implements StepReport {
  private final List<String> names;
  private final StepState counters;
  private final TensorCounts counts;
  private final long[] tensorTotalSpikes;
  public final long[] tensorSpikes;
  public final long[] tensorSkipped;
  public final long[] tensorLowered;
  public final long[] tensorClamped;
  public final float[] tensorLargestRatio;
  public final long[] tensorLargestAt;
  public final double[] tensorNorm;
  public final double[] tensorScale;
  final double[] tensorRate;
  final boolean[] tensorHas;
  private int without;
  public final boolean[] tensorUnselected;
  long step;
  boolean skipped;
  boolean momentumReset;
  double warmupScale;
  double learningRate;
  public double gradientNorm;
  public long nanos;
  public long bytes;

  /**
   * A report of no step yet.
   *
   * @param counters of the run
   */
  public StepFigures(List<String> names, StepState counters) {
    this(names, counters, new TensorCounts(names.size()));
  }

  /** A report of no step yet, of which a step counts as it goes. */
  StepFigures(List<String> names, StepState counters, TensorCounts counts) {
    this.names = names;
    this.counters = counters;
    this.counts = counts;
    tensorTotalSpikes = new long[names.size()];
    tensorSpikes = counts.spikes;
    tensorSkipped = counts.skipped;
    tensorLowered = counts.lowered;
    tensorClamped = counts.clamped;
    tensorLargestRatio = counts.largestRatio;
    tensorLargestAt = counts.largestAt;
    tensorNorm = new double[names.size()];
    tensorScale = new double[names.size()];
    tensorRate = new double[names.size()];
    tensorHas = new boolean[names.size()];
    tensorUnselected = new boolean[names.size()];
  }

  /**
   * Starts the description of a step.
   *
   * @param learningRate of those that have the builder's own schedule
   */
  public void begin(
      long step, boolean skipped, boolean resetsMoments, double warmupScale, double learningRate) {
    without = 0;
    this.step = step;
    this.skipped = skipped;
    momentumReset = resetsMoments;
    this.warmupScale = warmupScale;
    this.learningRate = learningRate;
    Arrays.fill(tensorScale, 1);
  }

  @Override
  public long step() {
    return step;
  }

  @Override
  public boolean isSkipped() {
    return skipped;
  }

  @Override
  public boolean isMomentumReset() {
    return momentumReset;
  }

  @Override
  public double warmupScale() {
    return warmupScale;
  }

  @Override
  public double learningRate() {
    return learningRate;
  }

  /** Says the same of all tensors. */
  void tensors(double[] learningRates, @Nullable Tensor[] gradients) {
    System.arraycopy(learningRates, 0, tensorRate, 0, tensorRate.length);
    int missing = 0;
    for (int i = 0; i < gradients.length; i++) {
      boolean has = gradients[i] != null;
      tensorHas[i] = has;
      missing += has ? 0 : 1;
    }
    without = missing;
  }

  /** Says of a tensor at which rate it learns, and whether it has a gradient; once a step. */
  public void tensor(int i, double learningRate, boolean hasGradient) {
    tensorRate[i] = learningRate;
    tensorHas[i] = hasGradient;
    without += hasGradient ? 0 : 1;
  }

  @Override
  public double learningRate(int i) {
    return tensorRate[i];
  }

  @Override
  public boolean hasGradient(int i) {
    return tensorHas[i];
  }

  @Override
  public int tensorsWithoutGradient() {
    return without;
  }

  @Override
  public double gradientNorm() {
    return gradientNorm;
  }

  @Override
  public double gradientNorm(int i) {
    return tensorNorm[i];
  }

  @Override
  public double gradientScale(int i) {
    return tensorScale[i];
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public int tensors() {
    return names.size();
  }

  @Override
  public String name(int i) {
    return names.get(i);
  }

  @Override
  public boolean isUnselected(int i) {
    return tensorUnselected[i];
  }

  @Override
  public long spikes(int i) {
    return tensorSpikes[i];
  }

  @Override
  public long totalSpikes(int i) {
    return tensorTotalSpikes[i];
  }

  /** Adds what this step has counted to the counters of the run, whose totals it then tells. */
  public void count() {
    counters.addSpikes(tensorSpikes);
    counters.copySpikes(tensorTotalSpikes);
  }

  /** Becomes a copy of the report of another step. */
  public void set(StepFigures from) {
    copy(from.tensorTotalSpikes, tensorTotalSpikes);
    copy(from.tensorSpikes, tensorSpikes);
    copy(from.tensorSkipped, tensorSkipped);
    copy(from.tensorLowered, tensorLowered);
    copy(from.tensorClamped, tensorClamped);
    copy(from.tensorLargestRatio, tensorLargestRatio);
    copy(from.tensorLargestAt, tensorLargestAt);
    copy(from.tensorNorm, tensorNorm);
    copy(from.tensorScale, tensorScale);
    copy(from.tensorRate, tensorRate);
    copy(from.tensorHas, tensorHas);
    copy(from.tensorUnselected, tensorUnselected);
    without = from.without;
    step = from.step;
    skipped = from.skipped;
    momentumReset = from.momentumReset;
    warmupScale = from.warmupScale;
    learningRate = from.learningRate;
    gradientNorm = from.gradientNorm;
    nanos = from.nanos;
    bytes = from.bytes;
  }

  private void copy(Object from, Object to) {
    System.arraycopy(from, 0, to, 0, names.size());
  }

  /** Says that nothing was counted. */
  public void clearCounts() {
    counts.clear();
    bytes = 0;
    nanos = 0;
  }

  @Override
  public long spikes() {
    return sum(tensorSpikes);
  }

  @Override
  public float largestRatio(int i) {
    return tensorLargestRatio[i];
  }

  @Override
  public long largestRatioIndex(int i) {
    return tensorLargestAt[i];
  }

  @Override
  public float largestRatio() {
    float largest = 0;
    for (float ratio : tensorLargestRatio) {
      largest = Math.max(largest, ratio);
    }
    return largest;
  }

  @Override
  public long skippedCoordinates(int i) {
    return tensorSkipped[i];
  }

  @Override
  public long skippedCoordinates() {
    return sum(tensorSkipped);
  }

  @Override
  public long loweredCoordinates(int i) {
    return tensorLowered[i];
  }

  @Override
  public long loweredCoordinates() {
    return sum(tensorLowered);
  }

  @Override
  public long clampedCoordinates(int i) {
    return tensorClamped[i];
  }

  @Override
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
