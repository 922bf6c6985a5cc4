package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import io.spam4j.engine.internal.decide.BetaSchedule;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.math.Correction;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GradientTransform.AdaGN}: a factor on each tensor, of the history of its norm. */
public final class AdaGnLink extends TransformLink implements DeviceDecided {
  private final GradientTransform.AdaGN config;
  private final HistoryCounter counter;
  private final BetaSchedule betas;
  private final double[] mean;
  private final double[] square;
  private final long[] counts;

  public AdaGnLink(
      GradientTransform.AdaGN config,
      HistoryCounter counter,
      BetaSchedule betas,
      int tensors,
      boolean keepsNonFinite) {
    super(Kind.SCALE, /* measures= */ true, tensors, keepsNonFinite);
    this.config = config;
    this.counter = counter;
    this.betas = betas;
    mean = new double[tensors];
    square = new double[tensors];
    counts = new long[tensors];
  }

  @Override
  void decide(StepState step, GradientStatistics in) {
    double meanDecay = config.meanDecay() * betas.scale(step.t());
    double squareDecay = config.squareDecay();
    for (int i = 0; i < step.tensors(); i++) {
      op(i).scale = 1;
      double norm = Math.sqrt(in.sumOfSquares(i));
      if (!in.isKnown(i) || (norm == 0 && !config.countsZeroNorms())) {
        continue;
      }
      counts[i]++;
      long count = counter == HistoryCounter.OWN ? counts[i] : step.updatesSinceReset(i);
      mean[i] = meanDecay * mean[i] + (1 - meanDecay) * norm;
      square[i] = squareDecay * square[i] + (1 - squareDecay) * norm * norm;
      double target =
          mean[i]
              / Correction.of(meanDecay, count)
              / (Math.sqrt(square[i] / Correction.of(squareDecay, count)) + config.epsilon());
      // A gradient of 0 stays 0; one so small that the factor is no float stays smaller than due.
      if (norm > 0) {
        op(i).scale = (float) Math.min(target / norm, Float.MAX_VALUE);
      }
    }
  }

  @Override
  public PlannedTransform.Scope scope() {
    return PlannedTransform.Scope.TENSOR;
  }

  @Override
  public void row(MemorySegment row, long t) {
    int flags = counter.flag() | (config.countsZeroNorms() ? DeviceTables.COUNTS_ZERO_NORMS : 0);
    double meanDecay = config.meanDecay() * betas.scale(t);
    TransformRow.put(
        row, DeviceTables.ADA_GN, flags, meanDecay, config.squareDecay(), config.epsilon());
  }

  @Override
  List<String> historyNames() {
    return List.of("m_norm_t", "v_norm_t", "norm_count");
  }

  @Override
  boolean isCount(String name) {
    return name.equals("norm_count");
  }

  @Override
  double most(String name) {
    return name.equals("v_norm_t") ? LARGEST_NORM * LARGEST_NORM : LARGEST_NORM;
  }

  @Override
  public double[] history(int tensor) {
    return new double[] {mean[tensor], square[tensor], counts[tensor]};
  }

  @Override
  public void setHistory(int tensor, double[] history) {
    mean[tensor] = history[0];
    square[tensor] = history[1];
    counts[tensor] = (long) history[2];
  }
}
