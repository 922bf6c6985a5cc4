#include "memory.hpp"

#include <sys/mman.h>

#include <cstring>

namespace ptxvm {

namespace {

constexpr size_t page = 4096;

size_t mappedBytes(size_t bytes) { return (bytes + page) / page * page; }

}  // namespace

DeviceMemory::~DeviceMemory() {
  for (auto& entry : live_) munmap(entry.second->host, mappedBytes(entry.second->bytes));
}

Allocation* DeviceMemory::allocate(size_t bytes) {
  if (bytes > size_t{1} << 46) return nullptr;
  void* host = mmap(nullptr, mappedBytes(bytes), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (host == MAP_FAILED) return nullptr;
  std::memset(host, 0xFF, bytes);
  auto made = std::make_unique<Allocation>();
  made->address = reinterpret_cast<uint64_t>(host) + offset;
  made->host = static_cast<uint8_t*>(host);
  made->bytes = bytes;
  Allocation* result = made.get();
  live_[result->address] = std::move(made);
  liveBytes_ += bytes;
  return result;
}

bool DeviceMemory::release(uint64_t address) {
  auto entry = live_.find(address);
  if (entry == live_.end()) return false;
  Allocation& gone = *entry->second;
  // The pages go back, the addresses stay taken: a use after the free cannot hit a later allocation.
  mmap(gone.host, mappedBytes(gone.bytes), PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  liveBytes_ -= gone.bytes;
  if (last_ == &gone) last_ = nullptr;
  live_.erase(entry);
  return true;
}

void DeviceMemory::releaseAll() {
  while (!live_.empty()) release(live_.begin()->first);
}

Allocation* DeviceMemory::search(uint64_t address, size_t bytes) {
  auto next = live_.upper_bound(address);
  if (next == live_.begin()) return nullptr;
  Allocation* candidate = std::prev(next)->second.get();
  if (!inside(*candidate, address, bytes)) return nullptr;
  last_ = candidate;
  return candidate;
}

}  // namespace ptxvm
