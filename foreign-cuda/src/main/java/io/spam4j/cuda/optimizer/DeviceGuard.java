package io.spam4j.cuda.optimizer;

import org.jspecify.annotations.Nullable;

/**
 * Whether the state on a device is whole, and what the host counts agrees with it: a change that
 * breaks off leaves half of it.
 */
final class DeviceGuard {
  private boolean isChanging; // or was when it broke off
  private @Nullable Throwable broken;

  /** Changes the state; {@link #requireWhole} throws from then on, until {@link #complete}. */
  void change(Runnable change) {
    isChanging = true;
    try {
      change.run();
    } catch (RuntimeException | Error e) {
      broken = e;
      throw e;
    }
  }

  /** Says that a step was done and counted, or all of the state replaced. */
  void complete() {
    isChanging = false;
    broken = null;
  }

  /**
   * Checks that no change has broken off.
   *
   * @param step the next one
   * @throws IllegalStateException if one has
   */
  void requireWhole(long step) {
    if (isChanging) {
      throw new IllegalStateException(
          "a step broke off in the middle, load a checkpoint: step=" + step, broken);
    }
  }
}
