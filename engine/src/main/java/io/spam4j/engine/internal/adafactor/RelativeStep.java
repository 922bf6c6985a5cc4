package io.spam4j.engine.internal.adafactor;

import io.spam4j.engine.internal.decide.UpdateSchedule;
import io.spam4j.engine.optimizers.Adafactor;

/**
 * The step size that {@link Adafactor} finds for itself (section 8 of the paper): min(1e-2, 1 /
 * sqrt(k)) at a tensor's k-th update.
 *
 * @param warmupInit whether it rises from 1e-6 by 1e-6 a step, instead of starting at 1e-2
 */
public record RelativeStep(boolean warmupInit) implements UpdateSchedule {
  /** {@inheritDoc} Of a tensor it is the updates that count, not the steps. */
  @Override
  public double at(long step) {
    double k = step + 1;
    return Math.min(warmupInit ? 1e-6 * k : 1e-2, 1 / Math.sqrt(k));
  }
}
