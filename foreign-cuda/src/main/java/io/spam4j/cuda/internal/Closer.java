package io.spam4j.cuda.internal;

import java.util.ArrayList;
import java.util.List;

/** What an object has opened, to be closed with it, the youngest first. */
public final class Closer implements AutoCloseable {
  private final List<AutoCloseable> opened = new ArrayList<>();

  /**
   * Takes what has just been opened.
   *
   * @param resource closing it throws no checked exception
   * @return the same
   */
  public <T extends AutoCloseable> T add(T resource) {
    opened.add(resource);
    return resource;
  }

  /**
   * Closes all of it, also after a failure; what failed is tried again by the next call.
   *
   * @throws RuntimeException the first failure, with the later ones suppressed
   */
  @Override
  public void close() {
    CloseFailures failures = new CloseFailures();
    List<AutoCloseable> failed = new ArrayList<>();
    for (AutoCloseable resource : opened.reversed()) {
      if (!failures.run(() -> close(resource))) {
        failed.addFirst(resource);
      }
    }
    opened.clear();
    opened.addAll(failed);
    failures.throwFirst();
  }

  private static void close(AutoCloseable resource) {
    try {
      resource.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) { // AutoCloseable declares it; nothing that is added throws one
      throw new AssertionError("closing must not throw a checked exception", e);
    }
  }
}
