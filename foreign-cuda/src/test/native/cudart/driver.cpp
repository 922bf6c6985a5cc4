// The part of libcuda that loads and launches kernels for runtimes before 12.8, in the same library as the runtime.
#include "driver.hpp"

#include "library.hpp"

using namespace standin;

namespace {

// The numbers are those of the runtime but for these. The runtime's last error stays as it is.
CUresult driverCall(const char* name, const std::function<void()>& body) {
  cudaError_t status = run(name, [&] {
    if (!device().current) fail(static_cast<cudaError_t>(CUDA_ERROR_INVALID_CONTEXT), "a context must be current");
    body();
  });
  switch (status) {
    case cudaErrorInvalidConfiguration: return CUDA_ERROR_INVALID_VALUE;
    case cudaErrorInvalidDeviceFunction: return CUDA_ERROR_INVALID_HANDLE;
    default: return static_cast<CUresult>(status);
  }
}

}  // namespace

extern "C" {

CUresult cuModuleLoadDataEx(CUmodule* out, const void* code, unsigned count, CUjit_option* options, void** values) {
  return driverCall("cuModuleLoadDataEx", [=] {
    device().forbidCapture("cuModuleLoadDataEx");
    void* loaded = loadLibrary(static_cast<const char*>(code), std::vector<int>(options, options + count), values);
    *out = static_cast<CUmodule>(loaded);
  });
}

CUresult cuModuleUnload(CUmodule module) {
  return driverCall("cuModuleUnload", [=] {
    device().forbidCapture("cuModuleUnload");
    unloadLibrary(module);
  });
}

CUresult cuModuleGetFunction(CUfunction* out, CUmodule module, const char* name) {
  return driverCall("cuModuleGetFunction", [=] { *out = static_cast<CUfunction>(findKernel(module, name)); });
}

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                        unsigned blockZ, unsigned sharedBytes, CUstream stream, void** arguments, void** extra) {
  return driverCall("cuLaunchKernel", [=] {
    if (extra) fail(cudaErrorInvalidValue, "the arguments must be given one by one");
    launchKernel(function, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, arguments, sharedBytes, stream);
  });
}

}
