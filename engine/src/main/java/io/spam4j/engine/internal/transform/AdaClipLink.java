package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.math.Correction;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link GradientTransform.AdaClip}: a threshold for each tensor, of its largest magnitudes. */
public final class AdaClipLink extends TransformLink implements DeviceDecided {
  private final double decay;
  private final HistoryCounter counter;
  private final double[] threshold;
  private final long[] counts;

  public AdaClipLink(
      GradientTransform.AdaClip config,
      HistoryCounter counter,
      int tensors,
      boolean keepsNonFinite) {
    super(Kind.CLIP, /* measures= */ true, tensors, keepsNonFinite);
    decay = config.decay();
    this.counter = counter;
    threshold = new double[tensors];
    counts = new long[tensors];
  }

  @Override
  void decide(StepState step, GradientStatistics in) {
    for (int i = 0; i < step.tensors(); i++) {
      if (!in.isKnown(i)) {
        continue;
      }
      counts[i]++;
      long count = counter == HistoryCounter.OWN ? counts[i] : step.updatesSinceReset(i);
      float largest = in.maxAbs(i);
      threshold[i] = decay * threshold[i] + (1 - decay) * largest;
      // Of one gradient the mean is that gradient: rounded to float it is the same again.
      float corrected = (float) (threshold[i] / Correction.of(decay, count));
      op(i).clipAbove = corrected;
      op(i).divisor = largest;
      op(i).to = corrected;
    }
  }

  @Override
  public PlannedTransform.Scope scope() {
    return PlannedTransform.Scope.TENSOR;
  }

  @Override
  public void row(MemorySegment row, long t) {
    TransformRow.put(row, DeviceTables.ADA_CLIP, counter.flag(), decay);
  }

  @Override
  List<String> historyNames() {
    return List.of("m_max_t", "m_max_count");
  }

  @Override
  boolean isCount(String name) {
    return name.equals("m_max_count");
  }

  @Override
  double most(String name) {
    return Float.MAX_VALUE;
  }

  @Override
  public double[] history(int tensor) {
    return new double[] {threshold[tensor], counts[tensor]};
  }

  @Override
  public void setHistory(int tensor, double[] history) {
    threshold[tensor] = history[0];
    counts[tensor] = (long) history[1];
  }
}
