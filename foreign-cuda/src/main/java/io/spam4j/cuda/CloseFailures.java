package io.spam4j.cuda;

import org.jspecify.annotations.Nullable;

/** Goes on closing after a failure of CUDA, and tells the first one in the end. */
final class CloseFailures {
  private @Nullable CudaException first;

  /** Closes something because of a failure, which stays the one that is told. */
  static void closeAfter(Throwable failure, Runnable close) {
    try {
      close.run();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Does a step, and keeps its failure for {@link #throwFirst}. */
  void run(Runnable step) {
    try {
      step.run();
    } catch (CudaException e) {
      if (first == null) {
        first = e;
      } else if (!first.equals(e)) {
        first.addSuppressed(e);
      }
    }
  }

  /** Throws the first failure, if there was one, with the later ones suppressed. */
  void throwFirst() {
    if (first != null) {
      throw first;
    }
  }
}
