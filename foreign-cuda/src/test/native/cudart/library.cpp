// Libraries of PTX and the launch of their kernels.
#include "library.hpp"

#include <algorithm>

namespace standin {

namespace {

constexpr int capability = 90, newestPtx = 90;
constexpr int errorLogBuffer = 5, errorLogBytes = 6;  // of cudaJitOption and CUjit_option

void log(const std::string& message, const std::vector<int>& options, void** values) {
  char* buffer = nullptr;
  size_t bytes = 0;
  for (size_t i = 0; i < options.size(); i++) {
    if (options[i] == errorLogBuffer) buffer = static_cast<char*>(values[i]);
    if (options[i] == errorLogBytes) bytes = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(values[i]));
  }
  if (!buffer || !bytes) return;
  size_t length = std::min(bytes - 1, message.size());
  std::memcpy(buffer, message.data(), length);
  buffer[length] = 0;
}

// Modules by their text, without variables: tests load the same one thousands of times.
std::map<std::string, ptxvm::Module>& loadedBefore() {
  static std::map<std::string, ptxvm::Module> modules;
  return modules;
}

void load(Library& library, const char* text) {
  auto known = loadedBefore().find(text);
  if (known != loadedBefore().end()) {
    library.module = known->second;
    return;
  }
  library.module = ptxvm::load(text, [&](const std::vector<uint8_t>& content) {
    ptxvm::Allocation* variable = device().memory.allocate(content.size());
    if (!variable) fail(cudaErrorMemoryAllocation, "the host must have the memory: bytes=" + std::to_string(content.size()));
    std::memcpy(variable->host, content.data(), content.size());
    library.variables.push_back(variable->address);
    return variable->address;
  });
  if (library.variables.empty()) loadedBefore()[text] = library.module;
}

void place(Library& library, const char* text) {
  load(library, text);
  const ptxvm::Module& m = library.module;
  if (m.version > newestPtx) fail(static_cast<cudaError_t>(222), "the PTX must not be newer than the driver: version=" + std::to_string(m.version));
  if (m.target > capability) fail(static_cast<cudaError_t>(209), "the target must not be newer than the device: target=sm_" + std::to_string(m.target));
}

Library& find(const void* handle) {
  for (auto& entry : device().libraries) {
    if (entry.first == handle) return *entry.second;
  }
  fail(cudaErrorInvalidResourceHandle, "the library must be a loaded one");
}

void unload(Library& library) {
  for (uint64_t variable : library.variables) device().memory.release(variable);
  device().libraries.erase(&library);
}

const ptxvm::Kernel& kernelOf(const void* function) {
  const ptxvm::Kernel* kernel = device().kernel(function);
  if (!kernel) fail(cudaErrorInvalidDeviceFunction, "the kernel must be of a loaded library");
  return *kernel;
}

// The runtime has these calls from 12.8 on.
void checkRuntime(const char* name) {
  if (device().runtime >= 12080) return;
  fail(cudaErrorSymbolNotFound, std::string("the runtime must have the call: call=") + name + ", version=" + std::to_string(device().runtime));
}

}  // namespace

void* loadLibrary(const char* text, const std::vector<int>& options, void** values) {
  auto made = std::make_unique<Library>();
  Library& library = *made;
  device().libraries[&library] = std::move(made);
  try {
    place(library, text);
  } catch (const ptxvm::Error& e) {
    log(e.what(), options, values);
    unload(library);
    throw;
  }
  return &library;
}

void unloadLibrary(const void* handle) { unload(find(handle)); }

void* findKernel(const void* handle, const char* name) {
  auto& kernels = find(handle).module.kernels;
  auto entry = kernels.find(name);
  if (entry == kernels.end()) fail(cudaErrorSymbolNotFound, std::string("the kernel must be in the library: kernel=") + name);
  return &entry->second;
}

void launchKernel(const void* function, ptxvm::Dim grid, ptxvm::Dim block, void** arguments, size_t sharedBytes, cudaStream_t stream) {
  const ptxvm::Kernel& kernel = kernelOf(function);
  uint32_t dynamic = static_cast<uint32_t>(std::min<size_t>(sharedBytes, UINT32_MAX));
  ptxvm::checkLaunch(kernel, grid, block, dynamic);
  // The arguments are read now, as CUDA does: the caller may change them at once.
  std::vector<uint8_t> parameters(kernel.parameterBytes, 0xFF);
  for (size_t i = 0; i < kernel.parameters.size(); i++) {
    const ptxvm::Parameter& p = kernel.parameters[i];
    if (!arguments || !arguments[i]) fail(cudaErrorInvalidValue, "an argument must be given: parameter=" + p.name);
    std::memcpy(parameters.data() + p.offset, arguments[i], p.bytes);
  }
  device().enqueue(stream, [=, parameters = std::move(parameters)] {
    Device& d = device();
    ptxvm::launch(kernelOf(function), grid, block, parameters, dynamic, d.memory, d.options, d.stats);
  });
}

}  // namespace standin

using namespace standin;

extern "C" {

cudaError_t cudaLibraryLoadData(cudaLibrary_t* out, const void* code, enum cudaJitOption* options, void** values,
                                unsigned count, enum cudaLibraryOption*, void**, unsigned) {
  return call("cudaLibraryLoadData", [=] {
    checkRuntime("cudaLibraryLoadData");
    device().forbidCapture("cudaLibraryLoadData");
    void* loaded = loadLibrary(static_cast<const char*>(code), std::vector<int>(options, options + count), values);
    *out = static_cast<cudaLibrary_t>(loaded);
  });
}

cudaError_t cudaLibraryUnload(cudaLibrary_t library) {
  return call("cudaLibraryUnload", [=] {
    checkRuntime("cudaLibraryUnload");
    device().forbidCapture("cudaLibraryUnload");
    unloadLibrary(library);
  });
}

cudaError_t cudaLibraryGetKernel(cudaKernel_t* out, cudaLibrary_t library, const char* name) {
  return call("cudaLibraryGetKernel", [=] {
    checkRuntime("cudaLibraryGetKernel");
    *out = static_cast<cudaKernel_t>(findKernel(library, name));
  });
}

cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes* out, const void* function) {
  return call("cudaFuncGetAttributes", [=] {
    const ptxvm::Kernel& kernel = kernelOf(function);
    std::memset(static_cast<void*>(out), 0, sizeof *out);
    out->sharedSizeBytes = kernel.sharedBytes;
    out->localSizeBytes = kernel.localBytes;
    out->maxThreadsPerBlock = static_cast<int>(kernel.maxThreads);
    out->numRegs = static_cast<int>(std::min(kernel.declaredRows, 255u));
    for (auto& library : device().libraries) {
      auto& module = library.second->module;
      auto entry = module.kernels.find(kernel.name);
      if (entry != module.kernels.end() && &entry->second == function) out->ptxVersion = module.target;
    }
    out->binaryVersion = capability;
  });
}

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments, size_t sharedBytes, cudaStream_t stream) {
  return call("cudaLaunchKernel", [=] {
    launchKernel(function, {grid.x, grid.y, grid.z}, {block.x, block.y, block.z}, arguments, sharedBytes, stream);
  });
}

}
