// Device memory: allocations at addresses that the host cannot read.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace ptxvm {

// What the last launch did to one byte of global memory.
struct GlobalMark {
  uint32_t launch = 0;
  uint32_t epoch = 0;
  uint64_t thread = 0;
};

struct Allocation {
  uint64_t address = 0;
  uint8_t* host = nullptr;
  size_t bytes = 0;
  std::vector<GlobalMark> marks;  // empty until a launch looks for races
};

class DeviceMemory {
 public:
  // A device address is the host address plus this: not canonical on x86-64, so a host access faults.
  static constexpr uint64_t offset = 0x8000'0000'0000ull;
  // The generic addresses of a block's shared and a thread's local memory.
  static constexpr uint64_t sharedWindow = 0x7100'0000'0000'0000ull;
  static constexpr uint64_t localWindow = 0x7200'0000'0000'0000ull;

  ~DeviceMemory();

  // An allocation filled with 0xFF, or null when the host has no memory. Zero bytes have an address too.
  Allocation* allocate(size_t bytes);
  // False when no allocation starts there. The address is never given out again.
  bool release(uint64_t address);
  void releaseAll();

  // The live allocation that holds the whole range, or null.
  Allocation* find(uint64_t address, size_t bytes) {
    if (last_ && inside(*last_, address, bytes)) return last_;
    return search(address, bytes);
  }

  // The host's view of a range inside one live allocation, or null.
  uint8_t* translate(uint64_t address, size_t bytes) {
    Allocation* found = find(address, bytes);
    return found ? found->host + (address - found->address) : nullptr;
  }

  size_t liveBytes() const { return liveBytes_; }
  size_t liveCount() const { return live_.size(); }

 private:
  static bool inside(const Allocation& a, uint64_t address, size_t bytes) {
    return address >= a.address && bytes <= a.bytes && address - a.address <= a.bytes - bytes;
  }
  Allocation* search(uint64_t address, size_t bytes);

  std::map<uint64_t, std::unique_ptr<Allocation>> live_;
  Allocation* last_ = nullptr;
  size_t liveBytes_ = 0;
};

}  // namespace ptxvm
