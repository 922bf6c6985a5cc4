// A libcudart that does next to nothing: it hands out handles, counts what is not given back,
// copies at once and fails when told to. Against it the lifetimes of the Java handles are tested.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#if __has_include(<cuda_runtime_api.h>)
#include <cuda_runtime_api.h> // a wrong signature below does not compile
static_assert(sizeof(dim3) == 12 && alignof(dim3) == 4);
static_assert(sizeof(cudaFuncAttributes) <= 144);
static_assert(offsetof(cudaFuncAttributes, maxThreadsPerBlock) == 24);
static_assert(offsetof(cudaFuncAttributes, numRegs) == 28);
static_assert(offsetof(cudaFuncAttributes, ptxVersion) == 32);
static_assert(offsetof(cudaFuncAttributes, binaryVersion) == 36);
static_assert(sizeof(cudaDeviceProp) <= 8192 && offsetof(cudaDeviceProp, name) == 0);
static_assert(cudaDevAttrMultiProcessorCount == 16 && cudaDevAttrComputeCapabilityMinor == 76);
static_assert(cudaJitErrorLogBufferSizeBytes == 6 && cudaStreamCaptureModeThreadLocal == 1);
static_assert(cudaMemcpyDeviceToDevice == 3 && cudaEventDisableTiming == 2);
#include <cuda.h>
#undef cudaGetDeviceProperties // CUDA 12 calls its own layout so; the name is the same
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
int scalars = 0; // of cuBLAS: on the host 0, on the device 1

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
cudaError_t cudaFree(void *p) { STATUS(p ? take("cudaFree", p) : begin("cudaFree")); }
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

// A cuBLAS of loops.
int cublasCreate_v2(void **h) { return give("cublasCreate_v2", h, "blas") ? 3 : 0; }
int cublasDestroy_v2(void *h) { return take("cublasDestroy_v2", h) ? 1 : 0; }
int cublasSetStream_v2(void *h, cudaStream_t s) {
  return !handles.count(s) || use("cublasSetStream_v2", h) ? 7 : 0;
}
int cublasSetPointerMode_v2(void *h, int mode) {
  scalars = mode;
  return handles.count(h) ? 0 : 1;
}
int cublasSetWorkspace_v2(void *h, void *, size_t n) {
  return use("cublasSetWorkspace_v2", h) || n == 0 ? 7 : 0;
}
int cublasSnrm2_v2_64(void *h, int64_t n, const float *x, int64_t by, float *result) {
  double sum = 0;
  for (int64_t i = 0; i < n; i += by) sum += double(x[i]) * x[i];
  *result = float(std::sqrt(sum));
  return use("cublasSnrm2_v2_64", h) || scalars != 1 ? 7 : 0;
}
int cublasSasum_v2_64(void *h, int64_t n, const float *x, int64_t by, float *result) {
  *result = 0;
  for (int64_t i = 0; i < n; i += by) *result += std::fabs(x[i]);
  return use("cublasSasum_v2_64", h) || scalars != 1 ? 7 : 0;
}
int cublasIsamax_v2_64(void *h, int64_t n, const float *x, int64_t by, int64_t *result) {
  *result = 1;
  for (int64_t i = 0; i < n; i += by) {
    if (std::fabs(x[i]) > std::fabs(x[*result - 1])) *result = i + 1;
  }
  return use("cublasIsamax_v2_64", h) || scalars != 1 ? 7 : 0;
}
int cublasSscal_v2_64(void *h, int64_t n, const float *alpha, float *x, int64_t by) {
  for (int64_t i = 0; i < n; i += by) x[i] *= *alpha;
  return use("cublasSscal_v2_64", h) || scalars != 0 ? 7 : 0;
}
int cublasSaxpy_v2_64(void *h, int64_t n, const float *alpha, const float *x, int64_t by, float *y,
                      int64_t) {
  for (int64_t i = 0; i < n; i += by) y[i] += *alpha * x[i];
  return use("cublasSaxpy_v2_64", h) || scalars != 0 ? 7 : 0;
}
int cublasSgemm_v2_64(void *h, int ta, int tb, int64_t m, int64_t n, int64_t k, const float *alpha,
                      const float *a, int64_t lda, const float *b, int64_t ldb, const float *beta,
                      float *c, int64_t ldc) {
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      float sum = 0;
      for (int64_t l = 0; l < k; l++) {
        sum += (ta ? a[l + i * lda] : a[i + l * lda]) * (tb ? b[j + l * ldb] : b[l + j * ldb]);
      }
      c[i + j * ldc] = *alpha * sum + *beta * c[i + j * ldc];
    }
  }
  return use("cublasSgemm_v2_64", h) || scalars != 0 ? 7 : 0;
}
int cublasGemmEx_64(void *h, int ta, int tb, int64_t m, int64_t n, int64_t k, const void *alpha,
                    const void *a, int at, int64_t lda, const void *b, int bt, int64_t ldb,
                    const void *beta, void *c, int ct, int64_t ldc, int compute, int algorithm) {
  if (at != 0 || bt != 0 || ct != 0 || compute != 68 || algorithm != -1) return 15;
  return cublasSgemm_v2_64(h, ta, tb, m, n, k, static_cast<const float *>(alpha),
                           static_cast<const float *>(a), lda, static_cast<const float *>(b), ldb,
                           static_cast<const float *>(beta), static_cast<float *>(c), ldc);
}
}
