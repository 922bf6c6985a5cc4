package io.spam4j.cuda.internal;

import java.lang.foreign.SymbolLookup;

/**
 * The functions of the driver itself (libcuda) that load and launch kernels where the runtime is
 * older than CUDA 12.8. They work in the context that the runtime made current; streams and device
 * addresses are the same.
 */
public final class CudaDriver extends NativeLibrary {
  static final String SONAME = "libcuda.so.1";

  /* CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int numOptions,
  CUjit_option *options, void **optionValues) */
  public final NativeFunction moduleLoadData =
      function("cuModuleLoadDataEx", "2.1", POINTER, POINTER, INT, POINTER, POINTER);
  /* CUresult cuModuleGetFunction(CUfunction *hfunc, CUmodule hmod, const char *name) */
  public final NativeFunction moduleGetFunction =
      function("cuModuleGetFunction", "2.0", POINTER, POINTER, POINTER);
  /* CUresult cuLaunchKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
  unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY, unsigned int blockDimZ,
  unsigned int sharedMemBytes, CUstream hStream, void **kernelParams, void **extra) */
  public final NativeFunction launchKernel =
      function(
          "cuLaunchKernel",
          "4.0",
          POINTER,
          INT,
          INT,
          INT,
          INT,
          INT,
          INT,
          INT,
          POINTER,
          POINTER,
          POINTER);
  /* CUresult cuModuleUnload(CUmodule hmod) */
  public final NativeFunction moduleUnload = function("cuModuleUnload", "2.0", POINTER);

  public CudaDriver(String name, SymbolLookup symbols) {
    super(name, symbols);
  }
}
