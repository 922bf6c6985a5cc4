package io.spam4j.cuda.internal;

import it.unimi.dsi.fastutil.ints.Int2ObjectMap;
import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The answers of CUDA that mean something here: those that a caller can do something about, and
 * those after which nothing works any more. The runtime itself names the others. The driver's
 * numbers are the same.
 */
public enum CudaStatus {
  SUCCESS(0, "cudaSuccess"),
  INVALID_VALUE(1, "cudaErrorInvalidValue"),
  MEMORY_ALLOCATION(2, "cudaErrorMemoryAllocation"),
  INITIALIZATION_ERROR(3, "cudaErrorInitializationError"),
  CUDART_UNLOADING(4, "cudaErrorCudartUnloading"),
  INVALID_CONFIGURATION(9, "cudaErrorInvalidConfiguration"),
  INSUFFICIENT_DRIVER(35, "cudaErrorInsufficientDriver", "update the NVIDIA driver"),
  CALL_REQUIRES_NEWER_DRIVER(
      36,
      "cudaErrorCallRequiresNewerDriver",
      "update the NVIDIA driver, or use the libcudart of an older CUDA"),
  DEVICES_UNAVAILABLE(
      46,
      "cudaErrorDevicesUnavailable",
      "see in nvidia-smi whether another process holds the GPU exclusively"),
  INVALID_DEVICE_FUNCTION(98, "cudaErrorInvalidDeviceFunction"),
  NO_DEVICE(
      100,
      "cudaErrorNoDevice",
      "see whether nvidia-smi lists a GPU and CUDA_VISIBLE_DEVICES does not hide it"),
  INVALID_DEVICE(101, "cudaErrorInvalidDevice", "see nvidia-smi for the devices there are"),
  INVALID_KERNEL_IMAGE(200, "cudaErrorInvalidKernelImage"),
  NO_KERNEL_IMAGE_FOR_DEVICE(
      209,
      "cudaErrorNoKernelImageForDevice",
      "use a GPU of the compute capability that the kernels were written for, or newer"),
  ECC_UNCORRECTABLE(214, "cudaErrorECCUncorrectable", Sticky.YES),
  INVALID_PTX(218, "cudaErrorInvalidPtx", "see the log of the compiler in this message"),
  NVLINK_UNCORRECTABLE(220, "cudaErrorNvlinkUncorrectable", Sticky.YES),
  JIT_COMPILER_NOT_FOUND(
      221,
      "cudaErrorJitCompilerNotFound",
      "install libnvidia-ptxjitcompiler of the driver's version"),
  UNSUPPORTED_PTX_VERSION(
      222, "cudaErrorUnsupportedPtxVersion", "update the NVIDIA driver: the PTX is newer than it"),
  JIT_COMPILATION_DISABLED(
      223, "cudaErrorJitCompilationDisabled", "unset CUDA_DISABLE_PTX_JIT and CUDA_FORCE_JIT"),
  CONTAINED(226, "cudaErrorContained", Sticky.YES),
  INVALID_RESOURCE_HANDLE(400, "cudaErrorInvalidResourceHandle"),
  SYMBOL_NOT_FOUND(500, "cudaErrorSymbolNotFound"),
  NOT_READY(600, "cudaErrorNotReady"),
  ILLEGAL_ADDRESS(700, "cudaErrorIllegalAddress", Sticky.YES),
  LAUNCH_OUT_OF_RESOURCES(701, "cudaErrorLaunchOutOfResources"),
  LAUNCH_TIMEOUT(702, "cudaErrorLaunchTimeout", Sticky.YES),
  CONTEXT_IS_DESTROYED(709, "cudaErrorContextIsDestroyed", Sticky.YES),
  ASSERT(710, "cudaErrorAssert", Sticky.YES),
  HARDWARE_STACK_ERROR(714, "cudaErrorHardwareStackError", Sticky.YES),
  ILLEGAL_INSTRUCTION(715, "cudaErrorIllegalInstruction", Sticky.YES),
  MISALIGNED_ADDRESS(716, "cudaErrorMisalignedAddress", Sticky.YES),
  INVALID_ADDRESS_SPACE(717, "cudaErrorInvalidAddressSpace", Sticky.YES),
  INVALID_PC(718, "cudaErrorInvalidPc", Sticky.YES),
  LAUNCH_FAILURE(719, "cudaErrorLaunchFailure", Sticky.YES),
  TENSOR_MEMORY_LEAK(721, "cudaErrorTensorMemoryLeak", Sticky.YES),
  NOT_PERMITTED(800, "cudaErrorNotPermitted"),
  NOT_SUPPORTED(801, "cudaErrorNotSupported"),
  SYSTEM_DRIVER_MISMATCH(
      803,
      "cudaErrorSystemDriverMismatch",
      "restart the host: the driver's kernel module and libraries differ"),
  STREAM_CAPTURE_UNSUPPORTED(900, "cudaErrorStreamCaptureUnsupported"),
  STREAM_CAPTURE_INVALIDATED(901, "cudaErrorStreamCaptureInvalidated"),
  UNKNOWN(999, "cudaErrorUnknown", Sticky.YES);

  private static final Int2ObjectMap<CudaStatus> BY_CODE = new Int2ObjectOpenHashMap<>();

  static {
    for (CudaStatus status : values()) {
      BY_CODE.put(status.code, status);
    }
  }

  /** Whether the device's context is dead after it, and all that was in it. */
  private enum Sticky {
    YES,
    NO
  }

  private final int code;
  private final String symbol;
  private final Sticky sticky;
  private final @Nullable String hint;

  CudaStatus(int code, String symbol) {
    this(code, symbol, Sticky.NO, null);
  }

  CudaStatus(int code, String symbol, String hint) {
    this(code, symbol, Sticky.NO, hint);
  }

  CudaStatus(int code, String symbol, Sticky sticky) {
    this(code, symbol, sticky, "close the device; only a new process can use it again");
  }

  CudaStatus(int code, String symbol, Sticky sticky, @Nullable String hint) {
    this.code = code;
    this.symbol = symbol;
    this.sticky = sticky;
    this.hint = hint;
  }

  /** The status of a number, or null if it is none of these. */
  static @Nullable CudaStatus of(int code) {
    return BY_CODE.get(code);
  }

  public static boolean isSticky(int code) {
    CudaStatus status = of(code);
    return status != null && status.sticky == Sticky.YES;
  }

  /** What to do about it, or null if that depends. */
  public static @Nullable String hint(int code) {
    CudaStatus status = of(code);
    return status == null ? null : status.hint;
  }

  public int code() {
    return code;
  }

  /** Its name in {@code driver_types.h}. */
  String symbol() {
    return symbol;
  }
}
