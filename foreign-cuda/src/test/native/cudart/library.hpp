// What the runtime and the driver do alike with PTX; all of it fails by exceptions.
#pragma once
#include "device.hpp"

namespace standin {

// The handle of the library; what is wrong with the text goes to the log that the options name.
void* loadLibrary(const char* text, const std::vector<int>& options, void** values);
void unloadLibrary(const void* handle);
// The handle of a kernel.
void* findKernel(const void* handle, const char* name);
void launchKernel(const void* function, ptxvm::Dim grid, ptxvm::Dim block, void** arguments, size_t sharedBytes, cudaStream_t stream);

}  // namespace standin
