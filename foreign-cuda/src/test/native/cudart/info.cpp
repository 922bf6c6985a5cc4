// Versions and what the device is.
#include "device.hpp"

using namespace standin;

namespace {

void checkDevice(int number) {
  if (number != 0) fail(cudaErrorInvalidDevice, "the device must be 0: device=" + std::to_string(number));
}

struct Attribute {
  int number, value;
};

const Attribute attributes[] = {
    {1, 1024},   // threads a block
    {8, 49152},  // shared bytes a block
    {10, 32},    // warp
    {16, 4},     // multiprocessors
    {38, 4 << 20},  // L2 bytes
    {40, 2},     // copy engines
    {75, 9},     // compute capability
    {76, 0},
    {115, 1},  // memory pools
};

}  // namespace

extern "C" {

cudaError_t cudaRuntimeGetVersion(int* version) {
  return call("cudaRuntimeGetVersion", [=] { *version = CUDART_VERSION; });
}

cudaError_t cudaDriverGetVersion(int* version) {
  return call("cudaDriverGetVersion", [=] { *version = CUDART_VERSION; });
}

cudaError_t cudaGetDeviceCount(int* count) {
  return call("cudaGetDeviceCount", [=] { *count = 1; });
}

cudaError_t cudaSetDevice(int number) {
  return call("cudaSetDevice", [=] { checkDevice(number); });
}

cudaError_t cudaGetDevice(int* number) {
  return call("cudaGetDevice", [=] { *number = 0; });
}

cudaError_t cudaDeviceGetAttribute(int* value, enum cudaDeviceAttr attribute, int number) {
  return call("cudaDeviceGetAttribute", [=] {
    checkDevice(number);
    for (const Attribute& one : attributes) {
      if (one.number == static_cast<int>(attribute)) {
        *value = one.value;
        return;
      }
    }
    fail(cudaErrorInvalidValue, "the attribute must be a known one: attribute=" + std::to_string(attribute));
  });
}

// The name alone; the rest of the structure is poisoned, for its layout is not the same in every CUDA.
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp* out, int number) {
  return call("cudaGetDeviceProperties", [=] {
    checkDevice(number);
    std::memset(static_cast<void*>(out), 0xFF, sizeof *out);
    std::strcpy(out->name, "PTX stand-in");
  });
}

}
