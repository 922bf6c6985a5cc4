// A stand-in for the 64-bit interface of cuBLAS on the stand-in's memory and streams: slow, and sums in double.
#include <cmath>
#include <map>
#include <memory>

#include "../cudart/device.hpp"

using standin::device;

namespace {

enum Status { success = 0, notInitialized = 1, invalidValue = 7, executionFailed = 13, notSupported = 15 };
enum PointerMode { host = 0, onDevice = 1 };
enum DataType { real32 = 0, real64 = 1, brain16 = 14 };  // of cudaDataType
constexpr int compute32 = 68;                            // of cublasComputeType_t

struct Handle {
  cudaStream_t stream = nullptr;
  int mode = host;
};

std::map<Handle*, std::unique_ptr<Handle>> handles;

Handle& find(void* handle) {
  auto entry = handles.find(static_cast<Handle*>(handle));
  if (entry == handles.end()) throw ptxvm::Error(notInitialized, "the handle must be a live one");
  return *entry->second;
}

void require(bool condition, const char* rule) {
  if (!condition) throw ptxvm::Error(invalidValue, rule);
}

// Errors of the runtime become executionFailed, our own keep their status.
template <class F>
int call(const char* name, F&& body) {
  int status = success;
  cudaError_t error = standin::call(name, [&] {
    try {
      body();
    } catch (const ptxvm::Error& e) {
      if (e.code != notInitialized && e.code != invalidValue && e.code != notSupported) throw;
      std::fprintf(stderr, "stand-in: %s: %s\n", name, e.what());
      status = e.code;
    }
  });
  return error ? static_cast<int>(executionFailed) : status;
}

uint8_t* bytesAt(const void* address, size_t bytes) {
  uint8_t* found = device().memory.translate(reinterpret_cast<uint64_t>(address), bytes);
  if (!found) standin::fail(cudaErrorIllegalAddress, "a vector or matrix must be inside device memory: bytes=" + std::to_string(bytes));
  return found;
}

template <class T>
T* at(const T* address, int64_t count) {
  return reinterpret_cast<T*>(bytesAt(address, static_cast<size_t>(count) * sizeof(T)));
}

// How many elements a vector spans.
int64_t span(int64_t n, int64_t increment) { return n ? (n - 1) * std::abs(increment) + 1 : 0; }

// Where element i is: a negative increment runs from the end.
int64_t place(int64_t i, int64_t n, int64_t increment) { return increment > 0 ? i * increment : (i - n + 1) * increment; }

// A scalar argument: read now from the host, or from the device when the work runs.
template <class T>
std::function<T()> scalar(const Handle& h, const void* pointer) {
  require(pointer, "a scalar must be given");
  auto typed = static_cast<const T*>(pointer);
  if (h.mode == host) return [value = *typed] { return value; };
  return [typed] { return *at(typed, 1); };
}

// A scalar result: in host mode the call waits for it.
template <class T>
void result(Handle& h, T* pointer, std::function<T()> compute) {
  require(pointer, "a place for the result must be given");
  if (h.mode == onDevice) {
    device().enqueue(h.stream, [=] { *at(pointer, 1) = compute(); });
    return;
  }
  auto stream = device().stream(h.stream);
  if (stream->capture) {
    stream->capture->invalid = true;
    standin::fail(cudaErrorStreamCaptureUnsupported, "a result on the host must not be asked for during a capture");
  }
  device().enqueue(h.stream, [=] { *pointer = compute(); });
  device().drain(*stream);
}

double load(const void* matrix, int type, int64_t index) {
  if (type == real32) return static_cast<const float*>(matrix)[index];
  if (type == real64) return static_cast<const double*>(matrix)[index];
  return ptxvm::unpack<float>(uint64_t{static_cast<const uint16_t*>(matrix)[index]} << 16);
}

void store(void* matrix, int type, int64_t index, double value) {
  if (type == real32) {
    static_cast<float*>(matrix)[index] = static_cast<float>(value);
  } else if (type == real64) {
    static_cast<double*>(matrix)[index] = value;
  } else {
    uint32_t bits = static_cast<uint32_t>(ptxvm::pack(static_cast<float>(value)));
    uint32_t rounded = bits + 0x7FFF + (bits >> 16 & 1);  // to nearest even
    static_cast<uint16_t*>(matrix)[index] = static_cast<uint16_t>((std::isnan(value) ? bits | 0x400000 : rounded) >> 16);
  }
}

size_t sizeOf(int type) { return type == real32 ? 4 : type == real64 ? 8 : 2; }

struct Matrix {
  const void* data;
  int type;
  int64_t leading;
  bool transposed;
  double get(const void* host, int64_t row, int64_t column) const {
    return load(host, type, transposed ? row * leading + column : column * leading + row);
  }
};

struct Product {
  int64_t m, n, k;
  Matrix a, b, c;
};

const void* view(const Matrix& x, int64_t rows, int64_t columns) {
  if (x.transposed) std::swap(rows, columns);
  if (!rows || !columns) return nullptr;
  return bytesAt(x.data, static_cast<size_t>((columns - 1) * x.leading + rows) * sizeOf(x.type));
}

// C = alpha op(A) op(B) + beta C, by columns; C is not read when beta is 0.
void multiply(const Product& p, double alpha, double beta) {
  const void* a = view(p.a, p.m, p.k);
  const void* b = view(p.b, p.k, p.n);
  void* c = const_cast<void*>(view(p.c, p.m, p.n));
  for (int64_t column = 0; column < p.n; column++) {
    for (int64_t row = 0; row < p.m; row++) {
      double sum = 0;
      for (int64_t i = 0; i < p.k; i++) sum += p.a.get(a, row, i) * p.b.get(b, i, column);
      double old = beta == 0 ? 0 : beta * p.c.get(c, row, column);
      store(c, p.c.type, column * p.c.leading + row, alpha * sum + old);
    }
  }
}

void enqueueProduct(Handle& h, const Product& p, const void* alpha, const void* beta) {
  require(p.m >= 0 && p.n >= 0 && p.k >= 0, "the sizes of a product must not be negative");
  auto rows = [](const Matrix& x, int64_t r, int64_t c) { return std::max<int64_t>(1, x.transposed ? c : r); };
  require(p.a.leading >= rows(p.a, p.m, p.k) && p.b.leading >= rows(p.b, p.k, p.n) && p.c.leading >= rows(p.c, p.m, p.n),
          "a leading dimension must not be less than the rows");
  auto first = scalar<float>(h, alpha), second = scalar<float>(h, beta);
  device().enqueue(h.stream, [=] { multiply(p, first(), second()); });
}

bool transposes(int operation) {
  require(operation >= 0 && operation <= 2, "the operation must be 0, 1 or 2");
  return operation != 0;
}

}  // namespace

extern "C" {

int cublasCreate_v2(void** out) {
  return call("cublasCreate_v2", [=] {
    require(out, "a place for the handle must be given");
    auto made = std::make_unique<Handle>();
    *out = made.get();
    handles[made.get()] = std::move(made);
  });
}

int cublasDestroy_v2(void* handle) {
  return call("cublasDestroy_v2", [=] { handles.erase(&find(handle)); });
}

int cublasSetStream_v2(void* handle, cudaStream_t stream) {
  return call("cublasSetStream_v2", [=] {
    device().stream(stream);
    find(handle).stream = stream;
  });
}

int cublasSetPointerMode_v2(void* handle, int mode) {
  return call("cublasSetPointerMode_v2", [=] {
    require(mode == host || mode == onDevice, "the pointer mode must be 0 or 1");
    find(handle).mode = mode;
  });
}

int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
  return call("cublasSetWorkspace_v2", [=] {
    find(handle);
    require(reinterpret_cast<uint64_t>(workspace) % 256 == 0, "the workspace must be aligned to 256 bytes");
    if (bytes) bytesAt(workspace, bytes);
  });
}

int cublasGetVersion_v2(void*, int* version) {
  return call("cublasGetVersion_v2", [=] { *version = 130000; });
}

const char* cublasGetStatusString(int status) {
  switch (status) {
    case success: return "CUBLAS_STATUS_SUCCESS";
    case notInitialized: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case invalidValue: return "CUBLAS_STATUS_INVALID_VALUE";
    case executionFailed: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case notSupported: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "unknown cublas status";
  }
}

int cublasSnrm2_v2_64(void* handle, int64_t n, const float* x, int64_t increment, float* out) {
  return call("cublasSnrm2_v2_64", [=] {
    result<float>(find(handle), out, [=] {
      double sum = 0;
      if (n <= 0 || increment <= 0) return 0.0f;
      const float* v = at(x, span(n, increment));
      for (int64_t i = 0; i < n; i++) sum += double(v[i * increment]) * v[i * increment];
      return static_cast<float>(std::sqrt(sum));
    });
  });
}

// The index counts from 1; of equal values the first wins.
int cublasIsamax_v2_64(void* handle, int64_t n, const float* x, int64_t increment, int64_t* out) {
  return call("cublasIsamax_v2_64", [=] {
    result<int64_t>(find(handle), out, [=] {
      if (n <= 0 || increment <= 0) return int64_t{0};
      const float* v = at(x, span(n, increment));
      int64_t best = 0;
      for (int64_t i = 1; i < n; i++) {
        if (std::fabs(v[i * increment]) > std::fabs(v[best * increment])) best = i;
      }
      return best + 1;
    });
  });
}

int cublasSasum_v2_64(void* handle, int64_t n, const float* x, int64_t increment, float* out) {
  return call("cublasSasum_v2_64", [=] {
    result<float>(find(handle), out, [=] {
      double sum = 0;
      if (n <= 0 || increment <= 0) return 0.0f;
      const float* v = at(x, span(n, increment));
      for (int64_t i = 0; i < n; i++) sum += std::fabs(v[i * increment]);
      return static_cast<float>(sum);
    });
  });
}

int cublasSscal_v2_64(void* handle, int64_t n, const float* alpha, float* x, int64_t increment) {
  return call("cublasSscal_v2_64", [=] {
    Handle& h = find(handle);
    auto factor = scalar<float>(h, alpha);
    if (n <= 0 || increment <= 0) return;
    device().enqueue(h.stream, [=] {
      float* v = at(x, span(n, increment));
      float f = factor();
      for (int64_t i = 0; i < n; i++) v[i * increment] *= f;
    });
  });
}

int cublasSaxpy_v2_64(void* handle, int64_t n, const float* alpha, const float* x, int64_t incrementX, float* y, int64_t incrementY) {
  return call("cublasSaxpy_v2_64", [=] {
    Handle& h = find(handle);
    auto factor = scalar<float>(h, alpha);
    if (n <= 0) return;
    device().enqueue(h.stream, [=] {
      const float* from = at(x, span(n, incrementX));
      float* to = at(y, span(n, incrementY));
      float f = factor();
      for (int64_t i = 0; i < n; i++) {
        float& target = to[place(i, n, incrementY)];
        target = std::fma(f, from[place(i, n, incrementX)], target);
      }
    });
  });
}

int cublasSgemm_v2_64(void* handle, int opA, int opB, int64_t m, int64_t n, int64_t k, const float* alpha, const float* a,
                      int64_t lda, const float* b, int64_t ldb, const float* beta, float* c, int64_t ldc) {
  return call("cublasSgemm_v2_64", [=] {
    Product p{m, n, k, {a, real32, lda, transposes(opA)}, {b, real32, ldb, transposes(opB)}, {c, real32, ldc, false}};
    enqueueProduct(find(handle), p, alpha, beta);
  });
}

int cublasGemmEx_64(void* handle, int opA, int opB, int64_t m, int64_t n, int64_t k, const void* alpha, const void* a, int typeA,
                    int64_t lda, const void* b, int typeB, int64_t ldb, const void* beta, void* c, int typeC, int64_t ldc,
                    int compute, int) {
  return call("cublasGemmEx_64", [=] {
    bool known = typeA == typeB && (typeA == real32 || typeA == brain16) && (typeC == real32 || typeC == typeA);
    if (!known || compute != compute32) throw ptxvm::Error(notSupported, "the types must be float or bfloat16, computed in float");
    Product p{m, n, k, {a, typeA, lda, transposes(opA)}, {b, typeB, ldb, transposes(opB)}, {c, typeC, ldc, false}};
    enqueueProduct(find(handle), p, alpha, beta);
  });
}

}
