package io.spam4j.engine.internal.transform;

import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import java.lang.foreign.MemorySegment;

/**
 * A transform that a device can decide, because it depends on the gradients of the step, which are
 * measured there. What depends on nothing is decided beforehand and needs none of this.
 */
public interface DeviceDecided {
  /** What it looks at. */
  PlannedTransform.Scope scope();

  /**
   * Writes what a device needs to decide it: a row of {@link DeviceTables#TRANSFORM_ROW}, but for
   * what does not depend on its type.
   *
   * @param t the step, counted from 1
   */
  void row(MemorySegment row, long t);

  /** See {@link TransformLink#history}. */
  double[] history(int tensor);

  /** See {@link TransformLink#setHistory}. */
  void setHistory(int tensor, double[] history);
}
