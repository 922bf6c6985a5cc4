package io.spam4j.cuda;

import java.util.List;
import java.util.Map;

/** The stand-in for libcudart, and its own functions of {@code cudart/control.hpp}. */
final class StandIn extends NativeLibrary {
  /** What the stand-in says it is unless told otherwise. */
  static final int RUNTIME = 13000;

  /* int standin_eager(int eager) */
  private final NativeFunction eager = function("standin_eager", "stand-in", INT);
  /* int standin_races(int find) */
  private final NativeFunction races = function("standin_races", "stand-in", INT);
  /* int standin_runtime(int version) */
  private final NativeFunction runtime = function("standin_runtime", "stand-in", INT);
  /* int standin_reset(void) */
  private final NativeFunction reset = function("standin_reset", "stand-in");

  private final CudaLibrary library;

  private StandIn(CudaLibrary library) {
    super(library.name(), library.cudart().symbols());
    this.library = library;
  }

  /** Found by its property, as users do; works lazily, without races, as CUDA 13. */
  static StandIn load() {
    String file = NativeBuild.cudart().toString();
    Map<String, String> properties = Map.of(CudaLibrary.LIBRARY, file);
    CudaProbe probe =
        CudaProbe.of(
            new Host(
                name -> properties.getOrDefault(name, System.getProperty(name)),
                name -> null,
                List.of(),
                "/nowhere"));
    StandIn standIn = new StandIn(new CudaLibrary(probe.usable().cudart(), file));
    standIn.reset();
    standIn.eager(false);
    standIn.races(false);
    standIn.runtime(RUNTIME);
    return standIn;
  }

  /** The runtime, and in the same file the driver. */
  CudaLibrary library() {
    return library;
  }

  /** Forgets everything but the settings; returns how many handles had not been given back. */
  int reset() {
    return reset.call();
  }

  /** Whether work is done when it is queued, rather than when somebody waits for it. */
  void eager(boolean eagerly) {
    eager.call(eagerly ? 1 : 0);
  }

  /** Whether two threads that write one byte of global memory end a launch. */
  void races(boolean find) {
    races.call(find ? 1 : 0);
  }

  /**
   * Which runtime it says it is, such as 12040 for CUDA 12.4; the one of new processes is 13000.
   */
  void runtime(int version) {
    runtime.call(version);
  }
}
