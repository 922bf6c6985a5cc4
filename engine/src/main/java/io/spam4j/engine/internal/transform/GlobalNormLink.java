package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import io.spam4j.engine.internal.decide.StepState;
import java.lang.foreign.MemorySegment;

/** {@link GradientTransform.GlobalNorm}: one factor on all gradients, of their common norm. */
final class GlobalNormLink extends TransformLink implements DeviceDecided {
  private static final double EPSILON = 1e-6;

  private final double maxNorm;

  GlobalNormLink(GradientTransform.GlobalNorm config, int tensors, boolean keepsNonFinite) {
    super(Kind.SCALE, /* measures= */ true, tensors, keepsNonFinite);
    maxNorm = config.maxNorm();
  }

  @Override
  void decide(StepState step, GradientStatistics in) {
    scaleAll(Math.min(1, maxNorm / (Math.sqrt(in.totalSumOfSquares()) + EPSILON)));
  }

  @Override
  public PlannedTransform.Scope scope() {
    return PlannedTransform.Scope.ALL;
  }

  @Override
  public void row(MemorySegment row, long t) {
    TransformRow.put(row, DeviceTables.GLOBAL_NORM, 0, maxNorm);
  }
}
