package io.spam4j.cuda;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The stand-in for libcudart, and its own functions of {@code cudart/control.hpp}. */
public final class StandIn extends NativeLibrary {
  /** What the stand-in says it is unless told otherwise. */
  public static final int RUNTIME = 13000;

  /* int standin_eager(int eager) */
  private final NativeFunction eager = function("standin_eager", "stand-in", INT);
  /* int standin_races(int find) */
  private final NativeFunction races = function("standin_races", "stand-in", INT);
  /* int standin_runtime(int version) */
  private final NativeFunction runtime = function("standin_runtime", "stand-in", INT);
  /* int standin_reset(void) */
  private final NativeFunction reset = function("standin_reset", "stand-in");

  /* const char* standin_failed(void) */
  private final NativeFunction failed = text("standin_failed", "stand-in");

  private final CudaLibrary library;

  private StandIn(CudaLibrary library) {
    super(library.name(), library.cudart().symbols());
    this.library = library;
  }

  /** Found by its property, as users do; works lazily, without races, as CUDA 13. */
  public static StandIn load() {
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
  public CudaLibrary library() {
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

  /** The text of the kernels that are shipped. */
  public static String kernels() {
    return Kernels.ptx();
  }

  /** How much that came from a device is still open. */
  public static int openCount(CudaDevice device) {
    return device.context().openCount();
  }

  /** Forgets everything but the settings; returns how many handles had not been given back. */
  public int reset() {
    return reset.call();
  }

  /** Whether work is done when it is queued, rather than when somebody waits for it. */
  public void eager(boolean eagerly) {
    eager.call(eagerly ? 1 : 0);
  }

  /** Whether two threads that write one byte of global memory end a launch. */
  public void races(boolean find) {
    races.call(find ? 1 : 0);
  }

  /**
   * Which runtime it says it is, such as 12040 for CUDA 12.4; the one of new processes is 13000.
   */
  public void runtime(int version) {
    runtime.call(version);
  }

  /** Lets the n-th call from now on fail with this status. */
  public void fail(long n, int status) {
    /* void standin_fail_with(int status) */
    call("standin_fail_with", FunctionDescriptor.ofVoid(INT), status);
    /* void standin_fail_at(uint64_t n) */
    call("standin_fail_at", FunctionDescriptor.ofVoid(LONG), n);
  }

  /** The function that failed because of {@link #fail}; empty if none did. */
  public String failed() {
    return failed.callForText();
  }

  /** Calls that return a status, since the last reset. */
  public long calls() {
    return number("standin_calls");
  }

  /** Device memory in use. */
  public long liveBytes() {
    return number("standin_live_bytes");
  }

  /** Allocations, pinned memory included, streams, events, libraries and graphs. */
  public long liveHandles() {
    return number("standin_live_handles");
  }

  /* uint64_t name(void) */
  private long number(String name) {
    return (long) Objects.requireNonNull(call(name, FunctionDescriptor.of(LONG)));
  }

  @SuppressWarnings("restricted") // the signatures stand beside the functions
  private @Nullable Object call(String name, FunctionDescriptor type, Object... arguments) {
    try {
      return Linker.nativeLinker()
          .downcallHandle(symbols().findOrThrow(name), type)
          .invokeWithArguments(arguments);
    } catch (Throwable t) { // invokeWithArguments declares it; it is thrown on as it is
      throw DynamicLinker.rethrown(t);
    }
  }
}
