package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import io.spam4j.engine.internal.decide.StepState;
import java.lang.foreign.MemorySegment;

/**
 * {@link GradientTransform.Scale}: the same factor at every step. A device has nothing to decide,
 * but later transforms look at what it leaves.
 */
final class ScaleLink extends TransformLink implements DeviceDecided {
  private final double factor;

  ScaleLink(GradientTransform.Scale config, int tensors, boolean keepsNonFinite) {
    super(Kind.SCALE, /* measures= */ false, tensors, keepsNonFinite);
    factor = config.factor();
    scaleAll(config.factor());
  }

  @Override
  void decide(StepState step, GradientStatistics in) {}

  @Override
  boolean enlarges() {
    return factor > 1;
  }

  @Override
  public PlannedTransform.Scope scope() {
    return PlannedTransform.Scope.TENSOR;
  }

  @Override
  public void row(MemorySegment row, long t) {
    TransformRow.put(row, DeviceTables.DECIDED, 0);
  }
}
