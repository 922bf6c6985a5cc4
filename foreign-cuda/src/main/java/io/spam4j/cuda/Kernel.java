package io.spam4j.cuda;

import io.spam4j.cuda.internal.NativeFunction;
import java.lang.foreign.MemorySegment;

/** A function that runs on the device, in blocks of threads along one dimension. */
public final class Kernel {
  private final KernelModule module;
  private final Handle library;
  private final String name;
  private final MemorySegment function;
  private final int maxThreads;
  private final int registers;
  private final int ptxVersion;
  private final int binaryVersion;

  Kernel(
      KernelModule module,
      Handle library,
      String name,
      MemorySegment function,
      int maxThreads,
      int registers,
      int ptxVersion,
      int binaryVersion) {
    this.module = module;
    this.library = library;
    this.name = name;
    this.function = function;
    this.maxThreads = maxThreads;
    this.registers = registers;
    this.ptxVersion = ptxVersion;
    this.binaryVersion = binaryVersion;
  }

  /** The name in the PTX. */
  public String name() {
    return name;
  }

  /** The largest block it can be launched with; 0 if a runtime before CUDA 12.8 loaded it. */
  public int maxThreads() {
    return maxThreads;
  }

  /** Registers of a thread; 0 if a runtime before CUDA 12.8 loaded it. */
  public int registers() {
    return registers;
  }

  /** What it was written for, as 10 * major + minor; 0 if a runtime before CUDA 12.8 loaded it. */
  public int ptxVersion() {
    return ptxVersion;
  }

  /** What it was compiled for, as 10 * major + minor; 0 if a runtime before CUDA 12.8 loaded it. */
  public int binaryVersion() {
    return binaryVersion;
  }

  MemorySegment function() {
    return function;
  }

  /**
   * Queues the kernel. The arguments are copied, and can be changed at once.
   *
   * @param blocks at least 1
   * @param threads of a block, from 1 to {@link #maxThreads}
   * @param sharedBytes of a block, beyond what the kernel declares
   * @throws IllegalStateException if an argument was not set, or a buffer is closed
   */
  public void launch(
      CudaStream stream, int blocks, int threads, int sharedBytes, KernelArguments arguments) {
    DeviceContext context = library.context();
    stream.enter(context);
    library.pointer();
    if (blocks < 1 || threads < 1 || sharedBytes < 0) {
      throw new IllegalArgumentException(
          "a launch needs blocks and threads: kernel="
              + name
              + ", blocks="
              + blocks
              + ", threads="
              + threads
              + ", sharedBytes="
              + sharedBytes);
    }
    Capture capture = stream.capture();
    if (capture != null) {
      capture.add(library);
    }
    MemorySegment pointers = arguments.ready(name, stream);
    NativeFunction launch = module.launchFunction();
    context.launched(name);
    context.check(
        launch,
        module.launch(this, blocks, threads, sharedBytes, pointers, stream),
        "kernel",
        name,
        "blocks",
        blocks,
        "threads",
        threads,
        "sharedBytes",
        sharedBytes);
    if (context.debug() && capture == null) {
      stream.synchronize();
    }
  }
}
