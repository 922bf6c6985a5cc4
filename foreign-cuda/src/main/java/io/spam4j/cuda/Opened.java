package io.spam4j.cuda;

import java.util.ArrayList;
import java.util.List;

/** What an object has opened, to be closed with it, the youngest first. */
final class Opened implements AutoCloseable {
  private final List<Runnable> closing = new ArrayList<>();

  DeviceBuffer add(DeviceBuffer buffer) {
    closing.add(buffer::close);
    return buffer;
  }

  PinnedBuffer add(PinnedBuffer buffer) {
    closing.add(buffer::close);
    return buffer;
  }

  CudaEvent add(CudaEvent event) {
    closing.add(event::close);
    return event;
  }

  KernelLibrary add(KernelLibrary library) {
    closing.add(library::close);
    return library;
  }

  /** Closes something else too. */
  void add(Runnable close) {
    closing.add(close);
  }

  /**
   * Closes all of it, also after a failure.
   *
   * @throws CudaException the first failure
   */
  @Override
  public void close() {
    CloseFailures failures = new CloseFailures();
    for (Runnable close : closing.reversed()) {
      failures.run(close);
    }
    closing.clear();
    failures.throwFirst();
  }
}
