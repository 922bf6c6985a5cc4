package io.spam4j.cuda.internal;

import org.jspecify.annotations.Nullable;

/** Goes on closing after a failure, and tells the first one in the end. */
public final class CloseFailures {
  private @Nullable RuntimeException first;

  /** Closes something because of a failure, which stays the one that is told. */
  public static void closeAfter(Throwable failure, Runnable close) {
    try {
      close.run();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Waits for work whose memory is about to be freed: tries again if that fails, and tells the
   * first failure.
   */
  public static void insist(Runnable wait) {
    try {
      wait.run();
    } catch (RuntimeException e) {
      closeAfter(e, wait);
      throw e;
    }
  }

  /**
   * Does a step, and keeps its failure for {@link #throwFirst}.
   *
   * @return whether it did not fail
   */
  public boolean run(Runnable step) {
    try {
      step.run();
      return true;
    } catch (RuntimeException e) {
      add(e);
      return false;
    }
  }

  /** Keeps a failure for {@link #throwFirst}. */
  public void add(RuntimeException failure) {
    if (first == null) {
      first = failure;
    } else if (!first.equals(failure)) {
      first.addSuppressed(failure);
    }
  }

  /** Throws the first failure, if there was one, with the later ones suppressed. */
  public void throwFirst() {
    if (first != null) {
      throw first;
    }
  }
}
