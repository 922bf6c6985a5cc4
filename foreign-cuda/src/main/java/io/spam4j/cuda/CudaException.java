package io.spam4j.cuda;

import java.io.Serial;

/**
 * A call of CUDA that failed. The message names the call, the arguments that matter, the status
 * and, where there is one, the remedy: {@code cudaMalloc failed: bytes=4294967296,
 * status=cudaErrorMemoryAllocation(2)}.
 */
public final class CudaException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final String function;
  private final int status;
  private final boolean deviceLost;

  CudaException(String function, int status, boolean deviceLost, String message) {
    super(message);
    this.function = function;
    this.status = status;
    this.deviceLost = deviceLost;
  }

  /** Refuses work for a device that is lost. */
  CudaException(int ordinal, CudaException cause) {
    super("the device is lost: device=" + ordinal + ", cause=" + cause.getMessage(), cause);
    this.function = cause.function;
    this.status = cause.status;
    this.deviceLost = true;
  }

  /** The C function that failed, such as {@code cudaMalloc}. */
  public String function() {
    return function;
  }

  /** The number that it returned: a {@code cudaError_t}, or a {@code cublasStatus_t}. */
  public int status() {
    return status;
  }

  /**
   * Whether the device cannot be used any more by this process: an earlier kernel did something
   * illegal, or the hardware failed. What was in the memory of the device is gone.
   */
  public boolean deviceLost() {
    return deviceLost;
  }
}
