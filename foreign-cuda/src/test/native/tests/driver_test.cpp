// The stand-in for libcuda: kernels without the runtime's libraries.
#include "../cudart/api.hpp"
#include "../cudart/control.hpp"
#include "../cudart/driver.hpp"
#include "check.hpp"

namespace {

const char* store = ".version 6.3\n.target sm_60\n.address_size 64\n"
    ".visible .entry store(.param .u64 at, .param .u32 value)\n.maxntid 64, 1, 1\n{\n.reg .b32 %r<4>; .reg .b64 %rd<4>;\n"
    "ld.param.u64 %rd1, [at]; ld.param.u32 %r1, [value]; mov.u32 %r2, %ctaid.x;\n"
    "mul.wide.u32 %rd2, %r2, 4; add.s64 %rd3, %rd1, %rd2; add.u32 %r3, %r1, %r2; st.global.u32 [%rd3], %r3;\nret;\n}\n";

#define STATUS(expected, call) EQUAL(static_cast<uint64_t>(expected), static_cast<uint64_t>(call))

struct Fixture {
  void* device = nullptr;
  CUmodule module = nullptr;
  CUfunction kernel = nullptr;

  Fixture() {
    standin_reset();
    STATUS(0, cudaMalloc(&device, 16));
    STATUS(0, cuModuleLoadDataEx(&module, store, 0, nullptr, nullptr));
    STATUS(0, cuModuleGetFunction(&kernel, module, "store"));
  }

  ~Fixture() { standin_reset(); }

  CUresult launch(unsigned blocks, unsigned threads, uint32_t value) {
    void* arguments[] = {&device, &value};
    return cuLaunchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, nullptr, arguments, nullptr);
  }
};

}  // namespace

CASE(driver_launchesInOrderWithTheRuntime) {
  Fixture f;
  uint32_t result[4] = {};
  STATUS(0, cudaMemsetAsync(f.device, 0, 16, nullptr));
  STATUS(0, f.launch(3, 1, 7));
  EQUAL(0u, standin_launches());
  STATUS(0, cudaMemcpyAsync(result, f.device, 16, cudaMemcpyDeviceToHost, nullptr));
  STATUS(0, cudaStreamSynchronize(nullptr));
  EQUAL(7u, result[0]);
  EQUAL(9u, result[2]);
  EQUAL(0u, result[3]);
  STATUS(0, cuModuleUnload(f.module));
  STATUS(CUDA_ERROR_INVALID_HANDLE, cuModuleUnload(f.module));
}

CASE(driver_needsAContext) {
  standin_reset();
  CUmodule module;
  int former = standin_runtime(11080);
  STATUS(0, cudaSetDevice(0));
  CUresult before = cuModuleLoadDataEx(&module, store, 0, nullptr, nullptr);
  STATUS(0, cudaFree(nullptr));
  CUresult after = cuModuleLoadDataEx(&module, store, 0, nullptr, nullptr);
  standin_reset();
  standin_runtime(former);
  STATUS(CUDA_ERROR_INVALID_CONTEXT, before);
  STATUS(0, after);
  STATUS(0, cudaSetDevice(0));
  STATUS(0, cuModuleLoadDataEx(&module, store, 0, nullptr, nullptr));
  standin_reset();
}

CASE(driver_numbersThatAreItsOwn) {
  Fixture f;
  STATUS(CUDA_ERROR_INVALID_VALUE, f.launch(0, 1, 7));
  STATUS(701, f.launch(1, 65, 7));
  STATUS(500, cuModuleGetFunction(&f.kernel, f.module, "none"));
  f.kernel = nullptr;
  STATUS(CUDA_ERROR_INVALID_HANDLE, f.launch(1, 1, 7));
  STATUS(0, cudaGetLastError());
}
