package io.spam4j.cuda;

import io.spam4j.cuda.internal.CudaDriver;
import io.spam4j.cuda.internal.Cudart;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.RuntimeApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How kernels are loaded and launched: by the runtime from CUDA 12.8, else by the driver. */
sealed interface KernelModule {
  /** The first runtime that loads kernels itself. */
  int RUNTIME_LOADS = 12080;

  int LOG_BYTES = 16384;

  /** Loads compiled or portable code. */
  MemorySegment load(DeviceContext context, MemorySegment code, JitLog log);

  /** The function that takes back what {@link #load} gave. */
  NativeFunction unload();

  /** Finds a kernel, which also compiles it. */
  Kernel kernel(Handle loaded, String name);

  /** Launches; the status must be checked. */
  int launch(
      Kernel kernel,
      int blocks,
      int threads,
      int sharedBytes,
      MemorySegment arguments,
      CudaStream stream);

  NativeFunction launchFunction();

  /** Buffers for what the compiler says; they must live as long as the code. */
  record JitLog(
      MemorySegment options, MemorySegment values, MemorySegment info, MemorySegment error) {
    static final int COUNT = 4;

    static JitLog allocate(Arena arena) {
      MemorySegment info = arena.allocate(LOG_BYTES);
      MemorySegment error = arena.allocate(LOG_BYTES);
      MemorySegment options =
          arena.allocateFrom(
              ValueLayout.JAVA_INT,
              RuntimeApi.JIT_INFO_LOG_BUFFER,
              RuntimeApi.JIT_INFO_LOG_BUFFER_SIZE,
              RuntimeApi.JIT_ERROR_LOG_BUFFER,
              RuntimeApi.JIT_ERROR_LOG_BUFFER_SIZE);
      MemorySegment values =
          arena.allocateFrom(
              ValueLayout.JAVA_LONG, info.address(), LOG_BYTES, error.address(), LOG_BYTES);
      return new JitLog(options, values, info, error);
    }

    /** What was said, errors first, without line breaks. */
    String text() {
      return (read(error) + " " + read(info)).strip().replaceAll("\\s*\\R\\s*", "; ");
    }

    private static String read(MemorySegment buffer) {
      buffer.set(ValueLayout.JAVA_BYTE, LOG_BYTES - 1, (byte) 0);
      return buffer.getString(0);
    }
  }

  /** {@code cudaLibrary*}. */
  final class ByRuntime implements KernelModule {
    private final Cudart cudart;

    /* Refilled by each launch, which copies them: only the thread of the device gets here. */
    private final MemorySegment grid;
    private final MemorySegment block;

    ByRuntime(Cudart cudart) {
      this.cudart = cudart;
      Arena arena = Arena.ofAuto();
      grid = RuntimeApi.dim3(arena, 1);
      block = RuntimeApi.dim3(arena, 1);
    }

    @Override
    public MemorySegment load(DeviceContext context, MemorySegment code, JitLog log) {
      NativeFunction load = cudart.libraryLoadData;
      MemorySegment none = MemorySegment.NULL;
      return context.outPointer(
          load,
          out -> load.call(out, code, log.options(), log.values(), JitLog.COUNT, none, none, 0));
    }

    @Override
    public NativeFunction unload() {
      return cudart.libraryUnload;
    }

    @Override
    public Kernel kernel(Handle loaded, String name) {
      DeviceContext context = loaded.context();
      NativeFunction get = cudart.libraryGetKernel;
      NativeFunction attributes = cudart.funcGetAttributes;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment text = arena.allocateFrom(name);
        MemorySegment kernel =
            context.outPointer(get, out -> get.call(out, loaded.pointer(), text), "kernel", name);
        MemorySegment found = arena.allocate(RuntimeApi.FUNC_ATTRIBUTES);
        context.check(attributes, attributes.call(found, kernel), "kernel", name);
        return new Kernel(
            this,
            loaded,
            name,
            kernel,
            RuntimeApi.attribute(found, "maxThreadsPerBlock"),
            RuntimeApi.attribute(found, "numRegs"),
            RuntimeApi.attribute(found, "ptxVersion"),
            RuntimeApi.attribute(found, "binaryVersion"));
      }
    }

    @Override
    public int launch(
        Kernel kernel,
        int blocks,
        int threads,
        int sharedBytes,
        MemorySegment arguments,
        CudaStream stream) {
      grid.set(ValueLayout.JAVA_INT, 0, blocks);
      block.set(ValueLayout.JAVA_INT, 0, threads);
      return cudart.launchKernel.call(
          kernel.function(), grid, block, arguments, (long) sharedBytes, stream.handle().pointer());
    }

    @Override
    public NativeFunction launchFunction() {
      return cudart.launchKernel;
    }
  }

  /** {@code cuModule*}, which tells nothing about a kernel. */
  record ByDriver(CudaDriver driver) implements KernelModule {
    @Override
    public MemorySegment load(DeviceContext context, MemorySegment code, JitLog log) {
      /* Makes the context that the driver needs: cudaSetDevice does so only from CUDA 12.0 on. */
      NativeFunction free = context.cudart().free;
      context.check(free, free.call(MemorySegment.NULL));
      NativeFunction load = driver.moduleLoadData;
      return context.outPointer(
          load, out -> load.call(out, code, JitLog.COUNT, log.options(), log.values()));
    }

    @Override
    public NativeFunction unload() {
      return driver.moduleUnload;
    }

    @Override
    public Kernel kernel(Handle loaded, String name) {
      NativeFunction get = driver.moduleGetFunction;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment text = arena.allocateFrom(name);
        MemorySegment function =
            loaded
                .context()
                .outPointer(get, out -> get.call(out, loaded.pointer(), text), "kernel", name);
        return new Kernel(this, loaded, name, function, 0, 0, 0, 0);
      }
    }

    @Override
    public int launch(
        Kernel kernel,
        int blocks,
        int threads,
        int sharedBytes,
        MemorySegment arguments,
        CudaStream stream) {
      return driver.launchKernel.call(
          kernel.function(),
          blocks,
          1,
          1,
          threads,
          1,
          1,
          sharedBytes,
          stream.handle().pointer(),
          arguments,
          MemorySegment.NULL);
    }

    @Override
    public NativeFunction launchFunction() {
      return driver.launchKernel;
    }
  }
}
