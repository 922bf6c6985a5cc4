// A libcudart that does next to nothing: it hands out handles, counts what is not given back,
// copies at once and fails when told to. Against it the lifetimes of the Java handles are tested.
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#if __has_include(<cuda_runtime_api.h>)
#include <cuda_runtime_api.h> // a wrong signature below does not compile
static_assert(sizeof(dim3) == 12 && alignof(dim3) == 4);
static_assert(sizeof(cudaFuncAttributes) == 144);
static_assert(offsetof(cudaFuncAttributes, maxThreadsPerBlock) == 24);
static_assert(offsetof(cudaFuncAttributes, numRegs) == 28);
static_assert(offsetof(cudaFuncAttributes, ptxVersion) == 32);
static_assert(offsetof(cudaFuncAttributes, binaryVersion) == 36);
static_assert(sizeof(cudaDeviceProp) <= 8192 && offsetof(cudaDeviceProp, name) == 0);
static_assert(cudaDevAttrMultiProcessorCount == 16 && cudaDevAttrComputeCapabilityMinor == 76);
static_assert(cudaJitErrorLogBufferSizeBytes == 6 && cudaStreamCaptureModeThreadLocal == 1);
static_assert(cudaMemcpyDeviceToDevice == 3 && cudaEventDisableTiming == 2);
#include <cuda.h>
#else
#include <cstddef>
typedef int cudaError_t;
struct dim3 { unsigned x, y, z; };
struct cudaFuncAttributes {
  size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion, others[26];
};
struct cudaDeviceProp { char name[256]; };
typedef struct Stream *cudaStream_t;
typedef struct Event *cudaEvent_t;
typedef struct Graph *cudaGraph_t;
typedef struct Exec *cudaGraphExec_t;
typedef struct Library *cudaLibrary_t;
typedef struct Function *cudaKernel_t;
typedef int CUresult;
typedef struct Module *CUmodule;
typedef struct Kernel *CUfunction;
typedef cudaStream_t CUstream;
enum CUjit_option { option1 };
enum cudaDeviceAttr { attr0 };
enum cudaMemcpyKind { kind0 };
enum cudaStreamCaptureMode { mode0 };
enum cudaJitOption { jit0 };
enum cudaLibraryOption { option0 };
#endif

namespace {
std::map<void *, std::string> handles;
std::string calls;
int countdown = 0; // the call that makes it zero fails
int failure = 0;
int dead = 0; // the sticky error, once it happened
int pending = 0;
int device = 0;

bool sticky(int status) { return status == 700 || status == 719; }

int begin(const char *name) {
  calls += calls.empty() ? name : std::string(" ") + name;
  if (dead) return dead;
  if (countdown > 0 && --countdown == 0) {
    if (sticky(failure)) dead = failure;
    return failure;
  }
  return 0;
}

int give(const char *name, void **out, const char *kind, size_t bytes = 64) {
  int status = begin(name);
  if (status) return status;
  *out = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  handles[*out] = kind;
  return 0;
}

// As CUDA does: an error of earlier work is told, and the handle is gone all the same.
int take(const char *name, void *handle) {
  int status = begin(name);
  if (handles.erase(handle) == 0) return 400;
  std::free(handle);
  return status;
}

int use(const char *name, void *handle) {
  int status = begin(name);
  return status || handles.count(handle) ? status : 400;
}
} // namespace

#define STATUS(expression) return static_cast<cudaError_t>(expression)

extern "C" {
int stubFail(int calls_from_now, int status) {
  countdown = calls_from_now;
  return failure = status;
}
int stubReset() {
  calls.clear();
  handles.clear();
  return countdown = dead = pending = device = 0;
}
int stubPending(int busy) { return pending = busy; }
int stubOpen() { return static_cast<int>(handles.size()); }
int stubUntilFailure() { return countdown; }
const char *stubCalls() {
  static std::string copy;
  copy = calls;
  calls.clear();
  return copy.c_str();
}

cudaError_t cudaRuntimeGetVersion(int *v) { *v = 13000; STATUS(begin("cudaRuntimeGetVersion")); }
cudaError_t cudaDriverGetVersion(int *v) { *v = 13000; STATUS(begin("cudaDriverGetVersion")); }
cudaError_t cudaGetDeviceCount(int *n) { *n = 2; STATUS(begin("cudaGetDeviceCount")); }
cudaError_t cudaSetDevice(int d) { device = d; STATUS(d < 2 ? begin("cudaSetDevice") : 101); }
cudaError_t cudaGetDevice(int *d) { *d = device; STATUS(dead); }
cudaError_t cudaGetLastError() { STATUS(dead); }
const char *cudaGetErrorName(cudaError_t) { return "cudaErrorOfTheStub"; }
cudaError_t cudaDeviceGetAttribute(int *v, enum cudaDeviceAttr a, int) {
  *v = 1000 + static_cast<int>(a);
  STATUS(begin("cudaDeviceGetAttribute"));
}
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int) {
  std::strcpy(p->name, "a stub");
  STATUS(begin("cudaGetDeviceProperties"));
}
cudaError_t cudaDeviceSynchronize() { STATUS(begin("cudaDeviceSynchronize")); }
cudaError_t cudaMemGetInfo(size_t *f, size_t *t) { *f = 3; *t = 5; STATUS(begin("cudaMemGetInfo")); }
cudaError_t cudaMalloc(void **p, size_t n) { STATUS(give("cudaMalloc", p, "memory", n)); }
cudaError_t cudaFree(void *p) { STATUS(take("cudaFree", p)); }
cudaError_t cudaHostAlloc(void **p, size_t n, unsigned) { STATUS(give("cudaHostAlloc", p, "host", n)); }
cudaError_t cudaFreeHost(void *p) { STATUS(take("cudaFreeHost", p)); }
cudaError_t cudaHostRegister(void *p, size_t, unsigned) {
  int status = begin("cudaHostRegister");
  if (!status) handles[p] = "registered";
  STATUS(status);
}
cudaError_t cudaHostUnregister(void *p) {
  int status = begin("cudaHostUnregister");
  STATUS(handles.erase(p) ? status : 713);
}
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, enum cudaMemcpyKind, cudaStream_t s) {
  int status = use("cudaMemcpyAsync", s);
  if (!status) std::memcpy(to, from, n);
  STATUS(status);
}
cudaError_t cudaMemsetAsync(void *p, int value, size_t n, cudaStream_t s) {
  int status = use("cudaMemsetAsync", s);
  if (!status) std::memset(p, value, n);
  STATUS(status);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned) {
  STATUS(give("cudaStreamCreateWithFlags", reinterpret_cast<void **>(s), "stream"));
}
cudaError_t cudaStreamDestroy(cudaStream_t s) { STATUS(take("cudaStreamDestroy", s)); }
cudaError_t cudaStreamSynchronize(cudaStream_t s) { STATUS(use("cudaStreamSynchronize", s)); }
cudaError_t cudaStreamQuery(cudaStream_t s) {
  int status = use("cudaStreamQuery", s);
  STATUS(status ? status : pending ? 600 : 0);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  STATUS(handles.count(e) ? use("cudaStreamWaitEvent", s) : 400);
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned) {
  STATUS(give("cudaEventCreateWithFlags", reinterpret_cast<void **>(e), "event"));
}
cudaError_t cudaEventDestroy(cudaEvent_t e) { STATUS(take("cudaEventDestroy", e)); }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
  STATUS(handles.count(s) ? use("cudaEventRecord", e) : 400);
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) { STATUS(use("cudaEventSynchronize", e)); }
cudaError_t cudaEventQuery(cudaEvent_t e) {
  int status = use("cudaEventQuery", e);
  STATUS(status ? status : pending ? 600 : 0);
}
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t a, cudaEvent_t b) {
  *ms = 1.5f;
  STATUS(handles.count(a) ? use("cudaEventElapsedTime", b) : 400);
}
// Code that begins with "bad" does not compile.
cudaError_t cudaLibraryLoadData(cudaLibrary_t *l, const void *code, enum cudaJitOption *options,
                                void **values, unsigned n, enum cudaLibraryOption *, void **,
                                unsigned) {
  if (std::strncmp(static_cast<const char *>(code), "bad", 3) == 0) {
    if (n == 4 && static_cast<int>(options[2]) == 5) {
      std::strcpy(static_cast<char *>(values[2]), "ptxas fatal\n  line 1; no such thing\n");
    }
    STATUS(218);
  }
  STATUS(give("cudaLibraryLoadData", reinterpret_cast<void **>(l), "library"));
}
cudaError_t cudaLibraryUnload(cudaLibrary_t l) { STATUS(take("cudaLibraryUnload", l)); }
cudaError_t cudaLibraryGetKernel(cudaKernel_t *k, cudaLibrary_t l, const char *name) {
  *k = reinterpret_cast<cudaKernel_t>(l);
  STATUS(std::strcmp(name, "nope") ? use("cudaLibraryGetKernel", l) : 500);
}
cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *a, const void *) {
  a->maxThreadsPerBlock = 1024;
  a->numRegs = 32;
  a->ptxVersion = 60;
  a->binaryVersion = 90;
  STATUS(begin("cudaFuncGetAttributes"));
}
// The only kernel there is: *(float *)arg0 = arg1 + grid.x * 1000 + block.x + shared.
cudaError_t cudaLaunchKernel(const void *k, dim3 grid, dim3 block, void **args, size_t shared,
                             cudaStream_t s) {
  int status = handles.count(const_cast<void *>(k)) ? use("cudaLaunchKernel", s) : 98;
  if (!status) {
    **static_cast<float **>(args[0]) = *static_cast<float *>(args[1]) + grid.x * grid.y * 1000 +
                                       block.x * block.z + shared;
  }
  STATUS(status);
}
cudaError_t cudaStreamBeginCapture(cudaStream_t s, enum cudaStreamCaptureMode) {
  STATUS(use("cudaStreamBeginCapture", s));
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *g) {
  STATUS(give("cudaStreamEndCapture", reinterpret_cast<void **>(g), "graph"));
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *e, cudaGraph_t, unsigned long long) {
  STATUS(give("cudaGraphInstantiateWithFlags", reinterpret_cast<void **>(e), "executable"));
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) {
  STATUS(handles.count(s) ? use("cudaGraphLaunch", e) : 400);
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) { STATUS(take("cudaGraphExecDestroy", e)); }
cudaError_t cudaGraphDestroy(cudaGraph_t g) { STATUS(take("cudaGraphDestroy", g)); }

// The driver's way to the same kernel, for runtimes before CUDA 12.8.
CUresult cuModuleLoadDataEx(CUmodule *m, const void *code, unsigned n, CUjit_option *options,
                            void **values) {
  return static_cast<CUresult>(
      cudaLibraryLoadData(reinterpret_cast<cudaLibrary_t *>(m), code,
                          reinterpret_cast<cudaJitOption *>(options), values, n, nullptr, nullptr, 0));
}
CUresult cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) {
  return static_cast<CUresult>(cudaLibraryGetKernel(reinterpret_cast<cudaKernel_t *>(f),
                                                    reinterpret_cast<cudaLibrary_t>(m), name));
}
CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                        unsigned by, unsigned bz, unsigned shared, CUstream s, void **args,
                        void **extra) {
  dim3 grid, block;
  grid.x = gx, grid.y = gy, grid.z = gz;
  block.x = bx, block.y = by, block.z = bz;
  return static_cast<CUresult>(extra ? cudaError_t(1)
                                     : cudaLaunchKernel(f, grid, block, args, shared, s));
}
CUresult cuModuleUnload(CUmodule m) { return static_cast<CUresult>(take("cuModuleUnload", m)); }
}
