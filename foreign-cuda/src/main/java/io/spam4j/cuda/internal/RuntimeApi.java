package io.spam4j.cuda.internal;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/** The structures and numbers of {@code cuda_runtime_api.h}; the same in CUDA 11, 12 and 13. */
public final class RuntimeApi {
  /** {@code struct dim3 {unsigned x, y, z;}}, passed by value. */
  static final StructLayout DIM3 =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_INT.withName("x"),
          ValueLayout.JAVA_INT.withName("y"),
          ValueLayout.JAVA_INT.withName("z"));

  /**
   * {@code struct cudaFuncAttributes}: newer versions use more of its end, which CUDA 13 leaves at
   * 144 bytes.
   */
  public static final StructLayout FUNC_ATTRIBUTES =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_LONG.withName("sharedSizeBytes"),
          ValueLayout.JAVA_LONG.withName("constSizeBytes"),
          ValueLayout.JAVA_LONG.withName("localSizeBytes"),
          ValueLayout.JAVA_INT.withName("maxThreadsPerBlock"),
          ValueLayout.JAVA_INT.withName("numRegs"),
          ValueLayout.JAVA_INT.withName("ptxVersion"),
          ValueLayout.JAVA_INT.withName("binaryVersion"),
          MemoryLayout.sequenceLayout(26, ValueLayout.JAVA_INT).withName("others"));

  /** {@code cudaDeviceProp} differs between versions, all less than this. */
  public static final long DEVICE_PROPERTIES_AT_MOST = 8192;

  public static final int MEMCPY_HOST_TO_DEVICE = 1;
  public static final int MEMCPY_DEVICE_TO_HOST = 2;
  public static final int MEMCPY_DEVICE_TO_DEVICE = 3;
  public static final int STREAM_NON_BLOCKING = 1;
  public static final int EVENT_DEFAULT = 0;
  public static final int EVENT_DISABLE_TIMING = 2;
  public static final int HOST_PORTABLE = 1;
  public static final int CAPTURE_THREAD_LOCAL = 1;
  public static final int JIT_INFO_LOG_BUFFER = 3;
  public static final int JIT_INFO_LOG_BUFFER_SIZE = 4;
  public static final int JIT_ERROR_LOG_BUFFER = 5;
  public static final int JIT_ERROR_LOG_BUFFER_SIZE = 6;

  private RuntimeApi() {}

  /** A {@code dim3} along x. */
  public static MemorySegment dim3(SegmentAllocator memory, int x) {
    MemorySegment dim3 = memory.allocate(DIM3);
    dim3.set(ValueLayout.JAVA_INT, 0, x);
    dim3.set(ValueLayout.JAVA_INT, 4, 1);
    dim3.set(ValueLayout.JAVA_INT, 8, 1);
    return dim3;
  }

  /** Reads one of the {@code int}s of {@link #FUNC_ATTRIBUTES}. */
  public static int attribute(MemorySegment attributes, String name) {
    return attributes.get(
        ValueLayout.JAVA_INT,
        FUNC_ATTRIBUTES.byteOffset(MemoryLayout.PathElement.groupElement(name)));
  }
}
