package io.spam4j.engine.internal.step;

import org.jspecify.annotations.Nullable;

/**
 * Whether weights and state are whole. A change that cannot finish, because memory goes away in the
 * middle or the stack ends, leaves part of it, and nothing may go on from there but a load. So a
 * change says that it begins and that it has ended; one that only begins has broken off, whatever
 * it was that kept it from saying more.
 */
final class StateGuard {
  private boolean isWhole = true;
  private boolean wasWhole = true; // before the change that began last
  private boolean isLoad;
  private long step;
  private @Nullable Throwable broken;

  /** A step is about to change something. */
  void beginStep(long number) {
    step = number;
    isLoad = false;
    wasWhole = isWhole;
    isWhole = false;
  }

  /** A load is about to change something; what it finds may be broken. */
  void beginLoad() {
    wasWhole = isWhole;
    isLoad |= isWhole;
    isWhole = false;
  }

  /** The change is complete. */
  void end() {
    isWhole = true;
    isLoad = false;
    broken = null;
  }

  /** The change has not changed anything. */
  void undo() {
    isWhole = wasWhole;
  }

  /** Keeps what a change may have broken off with, for those who ask later. */
  void note(Throwable failure) {
    if (!isWhole && broken == null) {
      broken = failure;
    }
  }

  /**
   * Checks that no change has broken off.
   *
   * @throws IllegalStateException if one has
   */
  void requireWhole() {
    if (!isWhole) {
      throw new IllegalStateException(
          "weights and state must be whole, but %s broke off in the middle; load a checkpoint, with"
                  .formatted(isLoad ? "a load" : "step " + step)
              + " its weights, or bring the weights back yourself",
          broken);
    }
  }
}
