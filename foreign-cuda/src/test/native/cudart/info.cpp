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
  return query("cudaRuntimeGetVersion", [=] { *version = device().runtime; });
}

cudaError_t cudaDriverGetVersion(int* version) {
  return query("cudaDriverGetVersion", [=] { *version = CUDART_VERSION; });
}

cudaError_t cudaGetDeviceCount(int* count) {
  return query("cudaGetDeviceCount", [=] { *count = 1; });
}

cudaError_t cudaSetDevice(int number) {
  return query("cudaSetDevice", [=] {
    checkDevice(number);
    if (device().runtime >= 12000) device().current = true;  // before, the first call that needs a context makes it
  });
}

cudaError_t cudaGetDevice(int* number) {
  return query("cudaGetDevice", [=] { *number = 0; });
}

cudaError_t cudaDeviceGetAttribute(int* value, enum cudaDeviceAttr attribute, int number) {
  return query("cudaDeviceGetAttribute", [=] {
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
  return query("cudaGetDeviceProperties", [=] {
    checkDevice(number);
    std::memset(static_cast<void*>(out), 0xFF, sizeof *out);
    std::strcpy(out->name, "PTX stand-in");
  });
}

}
