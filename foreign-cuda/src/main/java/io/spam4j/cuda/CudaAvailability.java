package io.spam4j.cuda;

/** Whether this process can use CUDA: a value, because most hosts cannot and that is no error. */
public sealed interface CudaAvailability {
  /**
   * CUDA can be used. Versions are numbered as CUDA does, {@code 1000 * major + 10 * minor}.
   *
   * @param devices how many devices the process sees, at least 1
   * @param runtimeVersion of the libcudart that was loaded
   * @param driverVersion the newest CUDA that the driver supports
   */
  record Available(int devices, int runtimeVersion, int driverVersion)
      implements CudaAvailability {}

  /**
   * CUDA cannot be used.
   *
   * @param reason what was found, or everything that was tried
   * @param hint what to do about it
   */
  record Unavailable(String reason, String hint) implements CudaAvailability {}
}
