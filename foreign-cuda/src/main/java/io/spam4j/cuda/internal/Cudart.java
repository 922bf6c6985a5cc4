package io.spam4j.cuda.internal;

import java.lang.foreign.SymbolLookup;

/**
 * The functions of the CUDA runtime that are called. The signatures are the same in CUDA 11, 12 and
 * 13; every stream is given explicitly, so the {@code _ptsz} twins are not needed.
 */
public final class Cudart extends NativeLibrary {
  /* cudaError_t cudaRuntimeGetVersion(int *runtimeVersion) */
  public final NativeFunction runtimeGetVersion = function("cudaRuntimeGetVersion", "1.0", POINTER);
  /* cudaError_t cudaDriverGetVersion(int *driverVersion) */
  public final NativeFunction driverGetVersion = function("cudaDriverGetVersion", "1.0", POINTER);
  /* cudaError_t cudaGetDeviceCount(int *count) */
  public final NativeFunction getDeviceCount = function("cudaGetDeviceCount", "1.0", POINTER);
  /* cudaError_t cudaSetDevice(int device) */
  public final NativeFunction setDevice = function("cudaSetDevice", "1.0", INT);
  /* cudaError_t cudaGetDevice(int *device) */
  public final NativeFunction getDevice = function("cudaGetDevice", "1.0", POINTER);
  /* cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attr, int device) */
  public final NativeFunction deviceGetAttribute =
      function("cudaDeviceGetAttribute", "5.0", POINTER, INT, INT);
  /* cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device) */
  public final NativeFunction getDeviceProperties =
      function("cudaGetDeviceProperties", "1.0", POINTER, INT);
  /* cudaError_t cudaDeviceSynchronize(void) */
  public final NativeFunction deviceSynchronize = function("cudaDeviceSynchronize", "4.0");
  /* cudaError_t cudaMemGetInfo(size_t *free, size_t *total) */
  public final NativeFunction memGetInfo = function("cudaMemGetInfo", "3.0", POINTER, POINTER);

  /* cudaError_t cudaMalloc(void **devPtr, size_t size) */
  public final NativeFunction malloc = function("cudaMalloc", "1.0", POINTER, LONG);
  /* cudaError_t cudaFree(void *devPtr) */
  public final NativeFunction free = function("cudaFree", "1.0", POINTER);
  /* cudaError_t cudaHostAlloc(void **pHost, size_t size, unsigned int flags) */
  public final NativeFunction hostAlloc = function("cudaHostAlloc", "2.2", POINTER, LONG, INT);
  /* cudaError_t cudaFreeHost(void *ptr) */
  public final NativeFunction freeHost = function("cudaFreeHost", "1.0", POINTER);
  /* cudaError_t cudaHostRegister(void *ptr, size_t size, unsigned int flags) */
  public final NativeFunction hostRegister =
      function("cudaHostRegister", "4.0", POINTER, LONG, INT);
  /* cudaError_t cudaHostUnregister(void *ptr) */
  public final NativeFunction hostUnregister = function("cudaHostUnregister", "4.0", POINTER);
  /* cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t count,
  enum cudaMemcpyKind kind, cudaStream_t stream) */
  public final NativeFunction memcpyAsync =
      function("cudaMemcpyAsync", "1.0", POINTER, POINTER, LONG, INT, POINTER);
  /* cudaError_t cudaMemsetAsync(void *devPtr, int value, size_t count, cudaStream_t stream) */
  public final NativeFunction memsetAsync =
      function("cudaMemsetAsync", "3.2", POINTER, INT, LONG, POINTER);

  /* cudaError_t cudaStreamCreateWithFlags(cudaStream_t *pStream, unsigned int flags) */
  public final NativeFunction streamCreate =
      function("cudaStreamCreateWithFlags", "5.0", POINTER, INT);
  /* cudaError_t cudaStreamDestroy(cudaStream_t stream) */
  public final NativeFunction streamDestroy = function("cudaStreamDestroy", "1.0", POINTER);
  /* cudaError_t cudaStreamSynchronize(cudaStream_t stream) */
  public final NativeFunction streamSynchronize = function("cudaStreamSynchronize", "1.0", POINTER);
  /* cudaError_t cudaStreamQuery(cudaStream_t stream) */
  public final NativeFunction streamQuery = function("cudaStreamQuery", "1.0", POINTER);
  /* cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags) */
  public final NativeFunction streamWaitEvent =
      function("cudaStreamWaitEvent", "3.2", POINTER, POINTER, INT);
  /* cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags) */
  public final NativeFunction eventCreate =
      function("cudaEventCreateWithFlags", "2.2", POINTER, INT);
  /* cudaError_t cudaEventDestroy(cudaEvent_t event) */
  public final NativeFunction eventDestroy = function("cudaEventDestroy", "1.0", POINTER);
  /* cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) */
  public final NativeFunction eventRecord = function("cudaEventRecord", "1.0", POINTER, POINTER);
  /* cudaError_t cudaEventSynchronize(cudaEvent_t event) */
  public final NativeFunction eventSynchronize = function("cudaEventSynchronize", "1.0", POINTER);
  /* cudaError_t cudaEventQuery(cudaEvent_t event) */
  public final NativeFunction eventQuery = function("cudaEventQuery", "1.0", POINTER);
  /* cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end) */
  public final NativeFunction eventElapsedTime =
      function("cudaEventElapsedTime", "1.0", POINTER, POINTER, POINTER);

  /* cudaError_t cudaGetLastError(void) */
  public final NativeFunction getLastError = function("cudaGetLastError", "1.0");
  /* const char *cudaGetErrorName(cudaError_t error) */
  final NativeFunction getErrorName = text("cudaGetErrorName", "6.0", INT);

  /* cudaError_t cudaLibraryLoadData(cudaLibrary_t *library, const void *code,
  enum cudaJitOption *jitOptions, void **jitOptionsValues, unsigned int numJitOptions,
  enum cudaLibraryOption *libraryOptions, void **libraryOptionValues,
  unsigned int numLibraryOptions) */
  public final NativeFunction libraryLoadData =
      function(
          "cudaLibraryLoadData",
          "12.8",
          POINTER,
          POINTER,
          POINTER,
          POINTER,
          INT,
          POINTER,
          POINTER,
          INT);
  /* cudaError_t cudaLibraryUnload(cudaLibrary_t library) */
  public final NativeFunction libraryUnload = function("cudaLibraryUnload", "12.8", POINTER);
  /* cudaError_t cudaLibraryGetKernel(cudaKernel_t *pKernel, cudaLibrary_t library,
  const char *name) */
  public final NativeFunction libraryGetKernel =
      function("cudaLibraryGetKernel", "12.8", POINTER, POINTER, POINTER);
  /* cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attr, const void *func) */
  public final NativeFunction funcGetAttributes =
      function("cudaFuncGetAttributes", "1.0", POINTER, POINTER);
  /* cudaError_t cudaLaunchKernel(const void *func, dim3 gridDim, dim3 blockDim, void **args,
  size_t sharedMem, cudaStream_t stream) */
  public final NativeFunction launchKernel =
      function(
          "cudaLaunchKernel",
          "7.0",
          POINTER,
          RuntimeApi.DIM3,
          RuntimeApi.DIM3,
          POINTER,
          LONG,
          POINTER);

  /* cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) */
  public final NativeFunction streamBeginCapture =
      function("cudaStreamBeginCapture", "10.1", POINTER, INT);
  /* cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *pGraph) */
  public final NativeFunction streamEndCapture =
      function("cudaStreamEndCapture", "10.0", POINTER, POINTER);
  /* cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *pGraphExec, cudaGraph_t graph,
  unsigned long long flags) */
  public final NativeFunction graphInstantiate =
      function("cudaGraphInstantiateWithFlags", "11.4", POINTER, POINTER, LONG);
  /* cudaError_t cudaGraphLaunch(cudaGraphExec_t graphExec, cudaStream_t stream) */
  public final NativeFunction graphLaunch = function("cudaGraphLaunch", "10.0", POINTER, POINTER);
  /* cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graphExec) */
  public final NativeFunction graphExecDestroy = function("cudaGraphExecDestroy", "10.0", POINTER);
  /* cudaError_t cudaGraphDestroy(cudaGraph_t graph) */
  public final NativeFunction graphDestroy = function("cudaGraphDestroy", "10.0", POINTER);

  Cudart(String name, SymbolLookup symbols) {
    super(name, symbols);
  }

  /** The runtime itself knows the names of the others. */
  @Override
  public String statusText(int status) {
    return CudaStatus.of(status) != null
        ? super.statusText(status)
        : getErrorName.callForText(status) + "(" + status + ")";
  }
}
