#include "access.hpp"

#include <cstdio>

namespace ptxvm {

std::string hex(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

void outside(const Group& g, const Instruction& i, uint32_t thread, const char* space, uint64_t address,
             uint32_t bytes) {
  g.fail(i, thread, illegalAddress, std::string("the access must be inside ") + space +
             " memory: address=" + hex(address) + ", bytes=" + std::to_string(bytes));
}

void markGlobal(const Group& g, const Instruction& i, uint32_t thread, uint64_t address, uint32_t bytes,
                Access access) {
  if (access == Access::read) return;
  constexpr uint64_t atomics = ~uint64_t{0};
  Block& b = g.block;
  Allocation& a = *b.memory.find(address, bytes);
  if (a.marks.empty()) a.marks.resize(a.bytes);
  uint64_t self = access == Access::atomic ? atomics : b.linear * b.threads + thread;
  uint32_t epoch = b.sharedRaces.epoch();
  for (uint64_t at = address - a.address; at < address - a.address + bytes; at++) {
    GlobalMark& m = a.marks[at];
    // A barrier orders the threads of one block; its epochs are no other block's.
    bool sameBlock = m.thread != atomics && self != atomics && m.thread / b.threads == b.linear;
    if (m.launch == b.launchNumber && m.thread != self && !(sameBlock && m.epoch != epoch)) {
      g.fail(i, thread, launchFailure, "one thread of a launch must write a byte of global memory: address=" + hex(address));
    }
    m = {b.launchNumber, epoch, self};
  }
}

}  // namespace ptxvm
