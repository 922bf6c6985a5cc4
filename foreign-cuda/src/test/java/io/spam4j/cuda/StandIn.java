package io.spam4j.cuda;

import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.ProbedHost;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The stand-in for libcudart. */
public final class StandIn {
  /** What the stand-in says it is unless told otherwise. */
  public static final int RUNTIME = 13000;

  private final StandInFunctions functions;
  private final CudaLibrary library;

  private StandIn(CudaLibrary library) {
    functions = new StandInFunctions(library);
    this.library = library;
  }

  /** Found by its property, as users do; works lazily, without races, as CUDA 13. */
  public static StandIn load() {
    String file = NativeBuild.cudart().toString();
    Map<String, String> properties = Map.of(CudaLibrary.LIBRARY, file);
    CudaProbe probe =
        CudaProbe.of(
            new ProbedHost(
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

  /** Opens its device. */
  public CudaDevice open() {
    return CudaDevice.open(library, 0);
  }

  /** Opens its device, whose optimizers run other kernels than those that are shipped. */
  public CudaDevice open(Supplier<String> kernels) {
    return CudaDevice.open(library, 0, kernels);
  }

  /** A status as messages show it. */
  public String statusText(int status) {
    return library.cudart().statusText(status);
  }

  /** The text of the kernels that are shipped. */
  public static String kernels() {
    return ShippedKernels.ptx();
  }

  /** How much that came from a device is still open. */
  public static int openCount(CudaDevice device) {
    return device.context().openCount();
  }

  /** Forgets everything but the settings; returns how many handles had not been given back. */
  public int reset() {
    return functions.reset.call();
  }

  /** Whether work is done when it is queued, rather than when somebody waits for it. */
  public void eager(boolean eagerly) {
    functions.eager.call(eagerly ? 1 : 0);
  }

  /** Whether two threads that write one byte of global memory end a launch. */
  public void races(boolean find) {
    functions.races.call(find ? 1 : 0);
  }

  /**
   * Which runtime it says it is, such as 12040 for CUDA 12.4; the one of new processes is 13000.
   */
  public void runtime(int version) {
    functions.runtime.call(version);
  }

  /** Lets the n-th call from now on fail with this status. */
  public void fail(long n, int status) {
    functions.fail(n, status);
  }

  /** The function that failed because of {@link #fail}; empty if none did. */
  public String failed() {
    return functions.failed.callForText();
  }

  /** Calls that return a status, since the last reset. */
  public long calls() {
    return functions.number("standin_calls");
  }

  /** Device memory in use. */
  public long liveBytes() {
    return functions.number("standin_live_bytes");
  }

  /** Allocations, pinned memory included, streams, events, libraries and graphs. */
  public long liveHandles() {
    return functions.number("standin_live_handles");
  }
}
