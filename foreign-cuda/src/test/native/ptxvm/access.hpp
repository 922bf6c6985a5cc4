// From an address of PTX to the host's memory, with every check.
#pragma once
#include "machine.hpp"

namespace ptxvm {

std::string hex(uint64_t value);

// Marks a write to global memory; fails when another thread of the launch wrote there unordered.
void markGlobal(const Group& g, const Instruction& i, uint32_t thread, uint64_t address, uint32_t bytes,
                Access access);

[[noreturn]] void outside(const Group& g, const Instruction& i, uint32_t thread, const char* space,
                          uint64_t address, uint32_t bytes);

inline uint8_t* sharedAt(const Group& g, const Instruction& i, uint32_t thread, uint64_t address,
                         uint32_t bytes, Access access) {
  Block& b = g.block;
  uint64_t at = address;
  uint64_t end = b.kernel.sharedBytes;
  if (address >= 0x4000'0000) {  // dynamic, see dynamicShared
    at = address - 0x4000'0000 + b.dynamicBegin;
    end = b.shared.size();
  }
  if (at > end || end - at < bytes) outside(g, i, thread, "shared", address, bytes);
  if (!b.sharedRaces.touch(at, bytes, thread, access)) {
    g.fail(i, thread, launchFailure, "a barrier must lie between accesses of two threads to a byte of shared memory: address=" + hex(address));
  }
  return b.shared.data() + at;
}

inline uint8_t* localAt(const Group& g, const Instruction& i, uint32_t thread, uint64_t address, uint32_t bytes) {
  Block& b = g.block;
  uint64_t end = b.kernel.localBytes;
  if (address > end || end - address < bytes) outside(g, i, thread, "local", address, bytes);
  return b.local.data() + size_t{thread} * end + address;
}

inline uint8_t* globalAt(const Group& g, const Instruction& i, uint32_t thread, uint64_t address,
                         uint32_t bytes, Access access) {
  uint8_t* host = g.block.memory.translate(address, bytes);
  if (!host) outside(g, i, thread, "global", address, bytes);
  if (g.block.globalRaces) markGlobal(g, i, thread, address, bytes, access);
  return host;
}

// The host address of an access of that many bytes. Parameters are const, but the caller only reads them.
inline uint8_t* locate(const Group& g, const Instruction& i, uint32_t thread, uint64_t address,
                       uint32_t bytes, Access access) {
  if (address % bytes) {
    g.fail(i, thread, misalignedAddress, "the address must be aligned: address=" + hex(address) + ", bytes=" + std::to_string(bytes));
  }
  switch (i.space) {
    case Space::global:
    case Space::constant:
      return globalAt(g, i, thread, address, bytes, access);
    case Space::shared:
      return sharedAt(g, i, thread, address, bytes, access);
    case Space::local:
      return localAt(g, i, thread, address, bytes);
    case Space::param: {
      const std::vector<uint8_t>& p = g.block.parameters;
      if (address > p.size() || p.size() - address < bytes) outside(g, i, thread, "param", address, bytes);
      return const_cast<uint8_t*>(p.data()) + address;
    }
    case Space::generic:
      break;
  }
  constexpr uint64_t top = 0xFF00'0000'0000'0000ull;
  if ((address & top) == DeviceMemory::sharedWindow) return sharedAt(g, i, thread, address & ~top, bytes, access);
  if ((address & top) == DeviceMemory::localWindow) return localAt(g, i, thread, address & ~top, bytes);
  return globalAt(g, i, thread, address, bytes, access);
}

}  // namespace ptxvm
