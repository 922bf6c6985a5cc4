package io.spam4j.cuda;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What the work in a graph reads and writes, and so must be open at each launch of the graph. */
final class Capture {
  private final Set<DeviceBuffer> buffers = new LinkedHashSet<>();
  private final Set<PinnedBuffer> pinned = new LinkedHashSet<>();
  private final Set<Handle> libraries = new LinkedHashSet<>();

  void add(DeviceBuffer buffer) {
    buffers.add(buffer);
  }

  void add(PinnedBuffer buffer) {
    pinned.add(buffer);
  }

  void add(Handle library) {
    libraries.add(library);
  }

  /**
   * Checks that all of it is still there.
   *
   * @throws IllegalStateException if something is closed
   */
  void requireOpen() {
    buffers.forEach(DeviceBuffer::address);
    libraries.forEach(Handle::pointer);
  }

  /** Holds the pinned buffers until the launch is done. */
  void during(CudaStream stream, Runnable launch) {
    List<PinnedBuffer> all = new ArrayList<>(pinned);
    Runnable nested = launch;
    for (PinnedBuffer buffer : all) {
      Runnable inner = nested;
      nested = () -> buffer.during(stream, inner);
    }
    nested.run();
  }
}
