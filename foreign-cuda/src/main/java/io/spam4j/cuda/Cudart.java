package io.spam4j.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The functions of the CUDA runtime that are called; the same in CUDA 11, 12 and 13. */
record Cudart(
    /* cudaError_t cudaRuntimeGetVersion(int *runtimeVersion) */
    MethodHandle runtimeGetVersion,
    /* cudaError_t cudaDriverGetVersion(int *driverVersion) */
    MethodHandle driverGetVersion,
    /* cudaError_t cudaGetDeviceCount(int *count) */
    MethodHandle getDeviceCount,
    /* const char *cudaGetErrorName(cudaError_t error) */
    MethodHandle getErrorName) {
  static final int SUCCESS = 0;
  static final int INSUFFICIENT_DRIVER = 35;
  static final int NO_DEVICE = 100;

  /** What a function returned, and what it wrote: valid only if the status is {@link #SUCCESS}. */
  record Answer(int status, int value) {}

  /**
   * Binds the functions.
   *
   * @throws java.util.NoSuchElementException if one is missing
   */
  static Cudart of(SymbolLookup symbols) {
    return new Cudart(
        bind(symbols, "cudaRuntimeGetVersion", ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
        bind(symbols, "cudaDriverGetVersion", ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
        bind(symbols, "cudaGetDeviceCount", ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
        bind(symbols, "cudaGetErrorName", ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
  }

  @SuppressWarnings("restricted") // The signatures are those of cuda_runtime_api.h, see above.
  private static MethodHandle bind(
      SymbolLookup symbols, String name, MemoryLayout result, MemoryLayout argument) {
    return Linker.nativeLinker()
        .downcallHandle(symbols.findOrThrow(name), FunctionDescriptor.of(result, argument));
  }

  /** Calls one of the functions that write an {@code int}. */
  static Answer ask(MethodHandle function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      int status = (int) function.invokeExact(out);
      return new Answer(status, out.get(ValueLayout.JAVA_INT, 0));
    } catch (Throwable t) { // invokeExact declares it; it is thrown on as it is
      throw DynamicLinker.rethrown(t);
    }
  }

  /** A status as messages show it, as in {@code cudaErrorNoDevice(100)}. */
  String statusText(int status) {
    MemorySegment name;
    try {
      name = (MemorySegment) getErrorName.invokeExact(status);
    } catch (Throwable t) { // invokeExact declares it; it is thrown on as it is
      throw DynamicLinker.rethrown(t);
    }
    return DynamicLinker.string(name) + "(" + status + ")";
  }
}
