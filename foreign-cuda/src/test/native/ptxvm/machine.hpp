// Runs kernels: block after block, the threads of a block in lockstep where they agree.
#pragma once
#include <cstdint>
#include <vector>

#include "memory.hpp"
#include "program.hpp"
#include "races.hpp"

namespace ptxvm {

struct Dim {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t product() const { return uint64_t{x} * y * z; }
};

struct Options {
  bool globalRaces = false;
  uint64_t instructionLimit = 20'000'000'000;  // of one launch, summed over its threads
};

struct Stats {
  uint64_t instructions = 0;
  uint64_t launches = 0;
};

// Throws Error with a code of cudaError_t; the memory keeps what was written before.
void launch(const Kernel& kernel, Dim grid, Dim block, const std::vector<uint8_t>& parameters,
            uint32_t dynamicSharedBytes, DeviceMemory& memory, const Options& options, Stats& stats);

// What a launch must fulfil before it is queued; throws Error.
void checkLaunch(const Kernel& kernel, Dim grid, Dim block, uint32_t dynamicSharedBytes);

// The state of the block that runs.
struct Block {
  Block(const Kernel& kernel, Dim grid, Dim size, const std::vector<uint8_t>& parameters,
        uint32_t dynamicSharedBytes, DeviceMemory& memory, const Options& options, Stats& stats);

  void run(Dim id, uint64_t linear);

  const Kernel& kernel;
  const Dim grid, size;
  const std::vector<uint8_t>& parameters;
  DeviceMemory& memory;
  const bool globalRaces;
  const uint32_t threads;
  std::vector<uint64_t> cells;  // row after row, a cell a thread
  std::vector<uint8_t> shared;
  uint32_t dynamicBegin;
  std::vector<uint8_t> local;  // one part a thread
  SharedRaces sharedRaces;
  uint32_t launchNumber;
  Dim id;
  uint64_t linear = 0;

 private:
  enum class State : uint8_t { running, waiting, done };
  void poison();
  bool select();
  void release();
  void step();
  bool branch(const Instruction& i, uint32_t& pc);
  void park(const Instruction& i, uint32_t pc, State state);
  void writeBack(uint32_t pc);
  bool guardHolds(const Instruction& i, uint32_t thread) const;
  void execute(const Instruction& i);

  Stats& stats_;
  const uint64_t limit_;
  std::vector<uint32_t> pc_;
  std::vector<State> state_;
  std::vector<uint16_t> chosen_, subset_;  // the threads that step; of these, those whose guard holds
  uint32_t start_ = 0;                     // where they are
  uint32_t next_ = 0;                      // where other threads wait to join
};

// The threads that execute one instruction together.
struct Group {
  Block& block;
  const uint16_t* index;
  uint32_t count;
  bool dense;  // all threads of the block

  uint64_t* row(uint32_t row) const { return block.cells.data() + size_t{row} * block.threads; }

  // For bodies that touch their own thread's cells alone: the compiler may take several at once.
  template <class F>
  void each(F&& body) const {
    if (dense) {
#pragma GCC ivdep
      for (uint32_t t = 0; t < count; t++) body(t);
    } else {
      for (uint32_t i = 0; i < count; i++) body(uint32_t{index[i]});
    }
  }

  // For bodies that touch memory or can fail: thread after thread.
  template <class F>
  void eachInOrder(F&& body) const {
    for (uint32_t i = 0; i < count; i++) body(uint32_t{index[i]});
  }

  [[noreturn]] void fail(const Instruction& i, uint32_t thread, int code, const std::string& rule) const;
};

}  // namespace ptxvm
