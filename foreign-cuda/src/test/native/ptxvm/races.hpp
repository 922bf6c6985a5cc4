// Finds accesses to the same byte by two threads that nothing orders.
#pragma once
#include <cstdint>
#include <vector>

namespace ptxvm {

enum class Access : uint8_t { read, write, atomic };

// Shared memory: who touched each byte since the last barrier.
class SharedRaces {
 public:
  explicit SharedRaces(size_t bytes) : marks_(bytes) {}

  // After a barrier, and when a block starts.
  void barrier() { epoch_++; }
  uint32_t epoch() const { return epoch_; }

  // False when another thread's access to one of the bytes conflicts with this one.
  bool touch(size_t at, size_t bytes, uint32_t thread, Access access) {
    bool clean = true;
    for (size_t i = at; i < at + bytes; i++) clean &= touchByte(marks_[i], thread, access);
    return clean;
  }

 private:
  static constexpr uint16_t many = 0xFFFF;  // more than one thread
  struct Mark {
    uint32_t writeEpoch = 0, readEpoch = 0;
    uint16_t writer = 0, reader = 0;
    bool atomic = false;
  };

  bool touchByte(Mark& m, uint32_t thread, Access access) {
    bool written = m.writeEpoch == epoch_, read = m.readEpoch == epoch_;
    bool clean;
    if (access == Access::read) {
      clean = !written || m.writer == thread;
      m.reader = read && m.reader != thread ? many : static_cast<uint16_t>(thread);
      m.readEpoch = epoch_;
      return clean;
    }
    bool bothAtomic = access == Access::atomic && m.atomic;
    clean = (!written || bothAtomic || m.writer == thread) && (!read || m.reader == thread);
    m.writer = written && m.writer != thread ? many : static_cast<uint16_t>(thread);
    m.atomic = access == Access::atomic && (!written || m.atomic);
    m.writeEpoch = epoch_;
    return clean;
  }

  std::vector<Mark> marks_;
  uint32_t epoch_ = 1;
};

}  // namespace ptxvm
