package io.spam4j.engine.internal.transform;

import io.spam4j.engine.device.DeviceTables;

/** Which steps a tensor's history counts, for its bias corrections. */
public enum HistoryCounter {
  /** Those that it holds. */
  OWN,
  /** Those since the moments were last reset, as the Stable-SPAM authors' code does. */
  SHARED_WITH_MOMENTS;

  /** How a row for a device says so. */
  int flag() {
    return this == SHARED_WITH_MOMENTS ? DeviceTables.SHARED_COUNTER : 0;
  }
}
