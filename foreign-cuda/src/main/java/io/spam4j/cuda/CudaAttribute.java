package io.spam4j.cuda;

/** What can be asked of a device; {@code enum cudaDeviceAttr}. */
public enum CudaAttribute {
  MAX_THREADS_PER_BLOCK(1),
  MAX_BLOCKS(5),
  /** In bytes. */
  MAX_SHARED_MEMORY_PER_BLOCK(8),
  WARP_SIZE(10),
  MULTIPROCESSOR_COUNT(16),
  /** In kHz, at the most; 0 where the driver does not tell. */
  MEMORY_CLOCK(36),
  /** In bits. */
  MEMORY_BUS_WIDTH(37),
  /** In bytes. */
  L2_CACHE_SIZE(38),
  ASYNC_ENGINE_COUNT(40),
  COMPUTE_CAPABILITY_MAJOR(75),
  COMPUTE_CAPABILITY_MINOR(76);

  private final int code;

  CudaAttribute(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }
}
