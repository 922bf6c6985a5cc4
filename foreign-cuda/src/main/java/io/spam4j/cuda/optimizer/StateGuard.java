package io.spam4j.cuda.optimizer;

import org.jspecify.annotations.Nullable;

/** Whether the state on a device is whole: a change that breaks off leaves half of it. */
final class StateGuard {
  private @Nullable Throwable broken;

  /** Changes the state; if that throws, {@link #requireWhole} does from then on. */
  void change(Runnable change) {
    try {
      change.run();
    } catch (RuntimeException | Error e) {
      broken = e;
      throw e;
    }
  }

  /** Says that all of the state was replaced. */
  void restored() {
    broken = null;
  }

  /**
   * Checks that no change has broken off.
   *
   * @param step the next one
   * @throws IllegalStateException if one has
   */
  void requireWhole(long step) {
    if (broken != null) {
      throw new IllegalStateException(
          "a step broke off in the middle, load a checkpoint: step=" + step, broken);
    }
  }
}
