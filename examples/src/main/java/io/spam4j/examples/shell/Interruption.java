package io.spam4j.examples.shell;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C as a question that a long run asks between its steps. The JVM's exit waits until {@link
 * #close} says that what had to be written is written, or for a minute; then it exits with the
 * signal's own code.
 */
public final class Interruption implements AutoCloseable {
  /** The exit code of a command that Ctrl-C stopped: 128 + SIGINT. */
  public static final int STOPPED = 130;

  private static final long LONGEST_WAIT_SECONDS = 60;

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook;
  private volatile boolean requested;

  private Interruption(Runnable notice) {
    hook = new Thread(() -> await(notice), "spam4j-interruption");
  }

  /** Watches from now on; the notice is given when the user asks to stop. */
  public static Interruption watch(Runnable notice) {
    Interruption interruption = new Interruption(notice);
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  /** Whether the user asked to stop. */
  public boolean requested() {
    return requested;
  }

  @Override
  public void close() {
    finished.countDown();
    if (!requested) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException exiting) {
        // The request came between the two lines; the hook finds the latch open.
        return;
      }
    }
  }

  private void await(Runnable notice) {
    requested = true;
    notice.run();
    try {
      if (!finished.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("spam4j: gave up waiting for the report");
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }
}
