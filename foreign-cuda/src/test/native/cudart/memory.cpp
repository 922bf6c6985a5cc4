// Device and pinned memory, copies and fills.
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

#include "device.hpp"

using namespace standin;

namespace {

constexpr size_t page = 4096;
constexpr size_t capacity = size_t{8} << 30;  // of the device

size_t mapped(size_t bytes) { return (bytes + page) / page * page; }

std::string range(const void* address, size_t bytes) {
  char text[64];
  std::snprintf(text, sizeof text, ": address=%p, bytes=%zu", address, bytes);
  return text;
}

void* allocate(size_t bytes) {
  Device& d = device();
  if (!bytes) return nullptr;
  if (bytes > capacity - d.memory.liveBytes()) fail(cudaErrorMemoryAllocation, "the device must have the memory: bytes=" + std::to_string(bytes));
  ptxvm::Allocation* made = d.memory.allocate(bytes);
  if (!made) fail(cudaErrorMemoryAllocation, "the host must have the memory: bytes=" + std::to_string(bytes));
  return reinterpret_cast<void*>(made->address);
}

void release(void* pointer) {
  if (pointer && !device().memory.release(reinterpret_cast<uint64_t>(pointer))) {
    fail(cudaErrorInvalidValue, "the address must be that of an allocation" + range(pointer, 0));
  }
}

uint8_t* onDevice(const void* pointer, size_t bytes) {
  uint8_t* host = device().memory.translate(reinterpret_cast<uint64_t>(pointer), bytes);
  if (!host) fail(cudaErrorIllegalAddress, "the range must be inside device memory" + range(pointer, bytes));
  return host;
}

// The entry whose range shares a byte with this one.
bool overlaps(const std::map<uint64_t, size_t>& ranges, uint64_t address, size_t bytes) {
  auto next = ranges.lower_bound(address + bytes);
  if (next == ranges.begin()) return false;
  auto candidate = std::prev(next);
  return candidate->first + candidate->second > address;
}

// Refuses pinned memory that was freed, device addresses, and the space behind a pinned block.
void checkHost(const void* pointer, size_t bytes) {
  Device& d = device();
  uint64_t address = reinterpret_cast<uint64_t>(pointer);
  if (overlaps(d.freedPinned, address, bytes)) fail(cudaErrorIllegalAddress, "the pinned memory must not be freed before the copy" + range(pointer, bytes));
  if (address >> 47) fail(cudaErrorIllegalAddress, "the address must be one of the host" + range(pointer, bytes));
  auto next = d.pinned.upper_bound(address);
  if (next == d.pinned.begin()) return;
  auto [start, length] = *std::prev(next);
  if (address < start + length && bytes > start + length - address) {
    fail(cudaErrorIllegalAddress, "the range must be inside the pinned memory" + range(pointer, bytes));
  }
}

// Copies through the kernel, which reports memory that is gone where memcpy would end the process.
void copyHost(void* to, const void* from, size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    iovec local{static_cast<uint8_t*>(to) + at, bytes - at};
    iovec remote{const_cast<uint8_t*>(static_cast<const uint8_t*>(from)) + at, bytes - at};
    ssize_t copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    if (copied <= 0) {
      if (errno == ENOSYS || errno == EPERM) {
        std::memcpy(static_cast<uint8_t*>(to) + at, static_cast<const uint8_t*>(from) + at, bytes - at);
        return;
      }
      fail(cudaErrorIllegalAddress, "the host memory of a copy must exist when it runs" + range(from, bytes));
    }
    at += static_cast<size_t>(copied);
  }
}

void copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  bool toDevice = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  bool fromDevice = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (kind == cudaMemcpyDefault) {
    toDevice = reinterpret_cast<uint64_t>(to) >> 47;
    fromDevice = reinterpret_cast<uint64_t>(from) >> 47;
  }
  if (!toDevice) checkHost(to, bytes);
  if (!fromDevice) checkHost(from, bytes);
  void* target = toDevice ? onDevice(to, bytes) : to;
  const void* source = fromDevice ? onDevice(from, bytes) : from;
  copyHost(target, source, bytes);
}

}  // namespace

extern "C" {

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  return call("cudaMemGetInfo", [=] {
    *total = capacity;
    *free = capacity - device().memory.liveBytes();
  });
}

cudaError_t cudaMalloc(void** out, size_t bytes) {
  return call("cudaMalloc", [=] {
    device().forbidCapture("cudaMalloc");
    *out = allocate(bytes);
  });
}

// Does not wait for work in flight: a later use of the memory is an error.
cudaError_t cudaFree(void* pointer) {
  return call("cudaFree", [=] {
    device().forbidCapture("cudaFree");
    release(pointer);
  });
}

cudaError_t cudaMallocAsync(void** out, size_t bytes, cudaStream_t stream) {
  return call("cudaMallocAsync", [=] {
    device().forbidCapture("cudaMallocAsync");
    device().stream(stream);
    *out = allocate(bytes);
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  return call("cudaFreeAsync", [=] {
    device().forbidCapture("cudaFreeAsync");
    if (pointer && !device().memory.translate(reinterpret_cast<uint64_t>(pointer), 0)) {
      fail(cudaErrorInvalidValue, "the address must be that of an allocation" + range(pointer, 0));
    }
    device().enqueue(stream, [=] { release(pointer); });
  });
}

cudaError_t cudaHostAlloc(void** out, size_t bytes, unsigned) {
  return call("cudaHostAlloc", [=] {
    device().forbidCapture("cudaHostAlloc");
    if (!bytes) fail(cudaErrorInvalidValue, "pinned memory must have bytes: bytes=0");
    void* host = mmap(nullptr, mapped(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (host == MAP_FAILED) fail(cudaErrorMemoryAllocation, "the host must have the memory: bytes=" + std::to_string(bytes));
    std::memset(host, 0xFF, bytes);
    device().pinned[reinterpret_cast<uint64_t>(host)] = bytes;
    *out = host;
  });
}

cudaError_t cudaFreeHost(void* pointer) {
  return call("cudaFreeHost", [=] {
    Device& d = device();
    d.forbidCapture("cudaFreeHost");
    if (!pointer) return;
    auto entry = d.pinned.find(reinterpret_cast<uint64_t>(pointer));
    if (entry == d.pinned.end()) fail(cudaErrorInvalidValue, "the address must be that of pinned memory" + range(pointer, 0));
    // The addresses stay taken, so that no later allocation hides a use of this one.
    mmap(pointer, mapped(entry->second), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    d.freedPinned.insert(*entry);
    d.pinned.erase(entry);
  });
}

cudaError_t cudaHostRegister(void* pointer, size_t bytes, unsigned) {
  return call("cudaHostRegister", [=] {
    Device& d = device();
    uint64_t address = reinterpret_cast<uint64_t>(pointer);
    if (!pointer || !bytes) fail(cudaErrorInvalidValue, "the memory must have bytes" + range(pointer, bytes));
    if (overlaps(d.registered, address, bytes) || overlaps(d.pinned, address, bytes)) {
      fail(cudaErrorHostMemoryAlreadyRegistered, "the memory must not be pinned already" + range(pointer, bytes));
    }
    d.registered[address] = bytes;
  });
}

cudaError_t cudaHostUnregister(void* pointer) {
  return call("cudaHostUnregister", [=] {
    if (!device().registered.erase(reinterpret_cast<uint64_t>(pointer))) {
      fail(cudaErrorHostMemoryNotRegistered, "the memory must be registered" + range(pointer, 0));
    }
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream) {
  return call("cudaMemcpyAsync", [=] {
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) fail(cudaErrorInvalidMemcpyDirection, "the direction must be 0 to 4");
    device().enqueue(stream, [=] {
      if (bytes) copy(to, from, bytes, kind);
    });
  });
}

cudaError_t cudaMemsetAsync(void* pointer, int value, size_t bytes, cudaStream_t stream) {
  return call("cudaMemsetAsync", [=] {
    device().enqueue(stream, [=] {
      if (bytes) std::memset(onDevice(pointer, bytes), value, bytes);
    });
  });
}

}
