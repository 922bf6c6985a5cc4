package io.spam4j.cuda;

import io.spam4j.cuda.KernelModule.JitLog;
import io.spam4j.cuda.internal.CudaDriver;
import io.spam4j.cuda.internal.Cudart;
import io.spam4j.cuda.internal.DynamicLinker;
import io.spam4j.cuda.internal.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.regex.Pattern;

/** Kernels that were loaded together. Closing it ends all of them. */
public final class KernelLibrary implements AutoCloseable {
  private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+(\\w+)");

  private final KernelModule module;
  private final Handle handle;
  private final JitLog log;
  private final List<String> names;

  private KernelLibrary(KernelModule module, Handle handle, JitLog log, List<String> names) {
    this.module = module;
    this.handle = handle;
    this.log = log;
    this.names = names;
  }

  static KernelLibrary load(DeviceContext context, String ptx) {
    context.enter();
    return load(context, moduleOf(context), ptx);
  }

  static KernelLibrary load(DeviceContext context, KernelModule module, String ptx) {
    Arena arena = Arena.ofAuto(); // the log lives as long as the library, which may compile late
    JitLog log = JitLog.allocate(arena);
    try {
      MemorySegment loaded = module.load(context, arena.allocateFrom(ptx), log);
      Handle handle =
          new Handle(
              context,
              "kernel library",
              loaded,
              module.unload(),
              () -> {
                if (!context.isLost()) {
                  context.enter();
                  NativeFunction synchronize = context.cudart().deviceSynchronize;
                  context.check(synchronize, synchronize.call());
                }
              });
      return new KernelLibrary(module, handle, log, names(ptx));
    } catch (CudaException e) {
      throw withLog(e, log);
    }
  }

  private static KernelModule moduleOf(DeviceContext context) {
    Cudart cudart = context.cudart();
    NativeFunction version = cudart.runtimeGetVersion;
    context.check(version, version.call(context.out()));
    if (context.out().get(ValueLayout.JAVA_INT, 0) >= KernelModule.RUNTIME_LOADS) {
      return new KernelModule.ByRuntime(cudart);
    }
    String driver = context.library().driver();
    return switch (DynamicLinker.ofThisProcess().open(driver)) {
      case DynamicLinker.Result.Opened(var symbols) ->
          new KernelModule.ByDriver(new CudaDriver(driver, symbols));
      case DynamicLinker.Result.Failed(String reason) ->
          throw new UnsupportedOperationException(
              "a runtime before CUDA 12.8 needs the driver to load kernels: " + reason);
    };
  }

  private static CudaException withLog(CudaException e, JitLog log) {
    String text = log.text();
    return text.isEmpty()
        ? e
        : new CudaException(
            e.function(), e.status(), e.deviceLost(), e.getMessage() + "; log: " + text);
  }

  private static List<String> names(String ptx) {
    return ENTRY.matcher(ptx).results().map(entry -> entry.group(1)).toList();
  }

  /** The names of the kernels, in the order of the text that was loaded. */
  public List<String> names() {
    return names;
  }

  /**
   * Finds a kernel, and compiles it if that was not done at loading.
   *
   * @throws CudaException if there is no such kernel, or it does not compile for this device; with
   *     the compiler's log
   */
  public Kernel kernel(String name) {
    handle.context().enter();
    try {
      return module.kernel(handle, name);
    } catch (CudaException e) {
      throw withLog(e, log);
    }
  }

  /** Waits for the device and ends the kernels; harmless if closed already. */
  @Override
  public void close() {
    handle.close();
  }
}
