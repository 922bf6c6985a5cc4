// The stand-in for cuBLAS, against small results known by hand.
#include "../cudart/api.hpp"
#include "../cudart/control.hpp"
#include "check.hpp"

extern "C" {
int cublasCreate_v2(void**);
int cublasDestroy_v2(void*);
int cublasSetStream_v2(void*, cudaStream_t);
int cublasSetPointerMode_v2(void*, int);
int cublasSnrm2_v2_64(void*, int64_t, const float*, int64_t, float*);
int cublasIsamax_v2_64(void*, int64_t, const float*, int64_t, int64_t*);
int cublasSasum_v2_64(void*, int64_t, const float*, int64_t, float*);
int cublasSscal_v2_64(void*, int64_t, const float*, float*, int64_t);
int cublasSaxpy_v2_64(void*, int64_t, const float*, const float*, int64_t, float*, int64_t);
int cublasSgemm_v2_64(void*, int, int, int64_t, int64_t, int64_t, const float*, const float*, int64_t, const float*, int64_t,
                      const float*, float*, int64_t);
}

namespace {

struct Fixture {
  void* handle = nullptr;
  cudaStream_t stream = nullptr;
  float* x = nullptr;

  explicit Fixture(const std::vector<float>& values) {
    standin_reset();
    standin_eager(0);
    EQUAL(0u, static_cast<uint64_t>(cublasCreate_v2(&handle)));
    cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
    cublasSetStream_v2(handle, stream);
    cudaMalloc(reinterpret_cast<void**>(&x), values.size() * 4);
    cudaMemcpyAsync(x, values.data(), values.size() * 4, cudaMemcpyHostToDevice, stream);
    cudaStreamSynchronize(stream);
  }
  ~Fixture() {
    cublasDestroy_v2(handle);
    standin_reset();
  }
  float get(size_t i) {
    float value = -1;
    cudaMemcpyAsync(&value, x + i, 4, cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    return value;
  }
};

}  // namespace

CASE(blas_reductionsToTheHost) {
  Fixture f({3, -4, 0});
  float value = 0;
  int64_t index = 0;
  EQUAL(0u, static_cast<uint64_t>(cublasSnrm2_v2_64(f.handle, 3, f.x, 1, &value)));
  HOLDS(value == 5);
  cublasSasum_v2_64(f.handle, 3, f.x, 1, &value);
  HOLDS(value == 7);
  cublasIsamax_v2_64(f.handle, 3, f.x, 1, &index);
  EQUAL(2u, static_cast<uint64_t>(index));
}

CASE(blas_resultOnTheDevice) {
  Fixture f({3, 4, 0});
  cublasSetPointerMode_v2(f.handle, 1);
  cublasSnrm2_v2_64(f.handle, 2, f.x, 1, f.x + 2);
  HOLDS(f.get(2) == 5);
}

CASE(blas_scalAndAxpy) {
  Fixture f({1, 2, 10, 20});
  float two = 2;
  cublasSscal_v2_64(f.handle, 2, &two, f.x, 1);
  cublasSaxpy_v2_64(f.handle, 2, &two, f.x, 1, f.x + 2, -1);
  HOLDS(f.get(0) == 2 && f.get(1) == 4);
  HOLDS(f.get(2) == 18 && f.get(3) == 24);  // y backwards
}

CASE(blas_gemm) {
  // A is 2 x 3, B is 3 x 1, both by columns.
  Fixture f({1, 4, 2, 5, 3, 6, 1, 10, 100, 7, 7});
  float one = 1, zero = 0;
  EQUAL(0u, static_cast<uint64_t>(cublasSgemm_v2_64(f.handle, 0, 0, 2, 1, 3, &one, f.x, 2, f.x + 6, 3, &zero, f.x + 9, 2)));
  HOLDS(f.get(9) == 321 && f.get(10) == 654);
  cublasSgemm_v2_64(f.handle, 1, 0, 3, 1, 2, &one, f.x, 2, f.x + 6, 2, &zero, f.x + 8, 3);  // A transposed
  HOLDS(f.get(8) == 41 && f.get(9) == 52 && f.get(10) == 63);
  EQUAL(7u, static_cast<uint64_t>(cublasSgemm_v2_64(f.handle, 0, 0, 2, 1, 3, &one, f.x, 1, f.x + 6, 3, &zero, f.x + 9, 2)));
}

CASE(blas_outsideTheMemory) {
  Fixture f({1, 2});
  float value;
  EQUAL(13u, static_cast<uint64_t>(cublasSnrm2_v2_64(f.handle, 3, f.x, 1, &value)));
}
