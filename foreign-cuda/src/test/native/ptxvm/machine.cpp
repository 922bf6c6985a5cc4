#include "machine.hpp"

#include <algorithm>
#include <limits>

namespace ptxvm {

namespace {

constexpr uint32_t nowhere = std::numeric_limits<uint32_t>::max();
constexpr uint64_t poisonedCell = 0xDEAD'BEEF'DEAD'BEEFull;
constexpr uint32_t sharedLimit = 48 * 1024;

uint32_t nextLaunch() {
  static uint32_t number = 0;
  return ++number;
}

// Java keeps subnormals; so must the thread that runs the kernels.
void checkFloatMode() {
  volatile float least = std::numeric_limits<float>::min();
  volatile float half = least / 2;
  if (!(half > 0)) throw Error(launchFailure, "the host's float unit must keep subnormals: mode=flush to zero");
}

}  // namespace

void checkLaunch(const Kernel& kernel, Dim grid, Dim block, uint32_t dynamicSharedBytes) {
  uint64_t threads = block.product();
  std::string where = ": kernel=" + kernel.name;
  if (!threads || threads > 1024 || block.z > 64) {
    throw Error(invalidConfiguration, "a block must have 1 to 1024 threads" + where + ", threads=" + std::to_string(threads));
  }
  if (!grid.product() || grid.x > 0x7FFF'FFFFu || grid.y > 65535 || grid.z > 65535) {
    throw Error(invalidConfiguration, "a grid must have 1 to 2^31-1 blocks" + where + ", x=" + std::to_string(grid.x));
  }
  if (threads > kernel.maxThreads) {
    throw Error(outOfResources, "a block must not have more threads than .maxntid" + where + ", threads=" +
                                    std::to_string(threads) + ", maxntid=" + std::to_string(kernel.maxThreads));
  }
  if (kernel.sharedBytes + uint64_t{dynamicSharedBytes} > sharedLimit) {
    throw Error(invalidValue, "shared memory must fit 48 KiB" + where + ", static=" +
                                  std::to_string(kernel.sharedBytes) + ", dynamic=" + std::to_string(dynamicSharedBytes));
  }
}

void launch(const Kernel& kernel, Dim grid, Dim size, const std::vector<uint8_t>& parameters,
            uint32_t dynamicSharedBytes, DeviceMemory& memory, const Options& options, Stats& stats) {
  checkLaunch(kernel, grid, size, dynamicSharedBytes);
  checkFloatMode();
  stats.launches++;
  Block block(kernel, grid, size, parameters, dynamicSharedBytes, memory, options, stats);
  uint64_t linear = 0;
  for (uint32_t z = 0; z < grid.z; z++) {
    for (uint32_t y = 0; y < grid.y; y++) {
      for (uint32_t x = 0; x < grid.x; x++) block.run({x, y, z}, linear++);
    }
  }
}

Block::Block(const Kernel& k, Dim g, Dim s, const std::vector<uint8_t>& p, uint32_t dynamicSharedBytes,
             DeviceMemory& m, const Options& options, Stats& stats)
    : kernel(k), grid(g), size(s), parameters(p), memory(m), globalRaces(options.globalRaces),
      threads(static_cast<uint32_t>(s.product())), cells(size_t{k.rows} * threads),
      shared((k.sharedBytes + 15) / 16 * 16 + dynamicSharedBytes), dynamicBegin((k.sharedBytes + 15) / 16 * 16),
      local(size_t{k.localBytes} * threads), sharedRaces(shared.size()), launchNumber(nextLaunch()),
      stats_(stats), limit_(stats.instructions + options.instructionLimit), pc_(threads), state_(threads) {
  chosen_.reserve(threads);
  subset_.reserve(threads);
  for (auto [row, value] : k.constants) std::fill_n(cells.begin() + size_t{row} * threads, threads, value);
}

void Block::poison() {
  std::fill_n(cells.begin(), size_t{kernel.declaredRows} * threads, poisonedCell);
  std::fill(shared.begin(), shared.end(), uint8_t{0xFF});
  std::fill(local.begin(), local.end(), uint8_t{0xFF});
  for (auto [row, special] : kernel.specials) {
    uint64_t* cell = cells.data() + size_t{row} * threads;
    for (uint32_t t = 0; t < threads; t++) {
      const uint32_t values[] = {t % size.x, t / size.x % size.y, t / (size.x * size.y), size.x, size.y,
                                 size.z,     id.x,                id.y,                  id.z,   grid.x,
                                 grid.y,     grid.z,              t % 32};
      cell[t] = values[static_cast<unsigned>(special)];
    }
  }
}

void Block::run(Dim blockId, uint64_t linearId) {
  id = blockId;
  linear = linearId;
  poison();
  sharedRaces.barrier();
  std::fill(pc_.begin(), pc_.end(), 0);
  std::fill(state_.begin(), state_.end(), State::running);
  while (select()) step();
}

// Those that are farthest behind step: threads that a branch parted meet again behind it.
bool Block::select() {
  for (;;) {
    uint32_t lowest = nowhere, next = nowhere, waiting = 0;
    for (uint32_t t = 0; t < threads; t++) {
      if (state_[t] == State::waiting) waiting++;
      if (state_[t] != State::running) continue;
      if (pc_[t] < lowest) {
        next = lowest;
        lowest = pc_[t];
      } else if (pc_[t] > lowest) {
        next = std::min(next, pc_[t]);
      }
    }
    if (lowest != nowhere) {
      start_ = lowest;
      next_ = next;
      chosen_.clear();
      for (uint32_t t = 0; t < threads; t++) {
        if (state_[t] == State::running && pc_[t] == lowest) chosen_.push_back(static_cast<uint16_t>(t));
      }
      return true;
    }
    if (!waiting) return false;
    release();
  }
}

void Block::release() {
  uint32_t first = 0;
  while (state_[first] != State::waiting) first++;
  for (uint32_t t = 0; t < threads; t++) {
    if (state_[t] != State::waiting || pc_[t] != pc_[first]) {
      const Instruction& barrier = kernel.code[pc_[first]];
      Group{*this, nullptr, 0, false}.fail(
          barrier, first, launchFailure,
          std::string("all threads of a block must reach the same barrier: other=") + std::to_string(t) + ", otherIs=" +
              (state_[t] == State::done ? "finished" : "at line " + std::to_string(kernel.code[pc_[t]].line)));
    }
  }
  for (uint32_t t = 0; t < threads; t++) {
    state_[t] = State::running;
    pc_[t]++;
  }
  sharedRaces.barrier();
}

void Block::writeBack(uint32_t pc) {
  for (uint16_t t : chosen_) pc_[t] = pc;
}

bool Block::guardHolds(const Instruction& i, uint32_t thread) const {
  return i.guard < 0 || static_cast<bool>(cells[size_t{static_cast<uint32_t>(i.guard)} * threads + thread] & 1) != i.negated;
}

void Block::step() {
  uint32_t pc = start_;
  while (pc < next_) {
    const Instruction& i = kernel.code[pc];
    stats_.instructions += chosen_.size();
    if (stats_.instructions > limit_) {
      Group{*this, nullptr, 0, false}.fail(i, chosen_[0], launchTimeout, "the launch must end");
    }
    switch (i.control) {
      case Control::next:
        execute(i);
        pc++;
        break;
      case Control::branch:
        if (branch(i, pc)) return;
        break;
      case Control::barrier:
        park(i, pc, State::waiting);
        return;
      case Control::leave:
        park(i, pc, State::done);
        return;
      case Control::trap:
        for (uint16_t t : chosen_) {
          if (guardHolds(i, t)) Group{*this, nullptr, 0, false}.fail(i, t, launchFailure, "no thread must reach a trap");
        }
        pc++;
        break;
    }
  }
  writeBack(pc);
}

void Block::execute(const Instruction& i) {
  const uint16_t* index = chosen_.data();
  size_t count = chosen_.size();
  if (i.guard >= 0) {
    subset_.clear();
    for (uint16_t t : chosen_) {
      if (guardHolds(i, t)) subset_.push_back(t);
    }
    if (subset_.empty()) return;
    index = subset_.data();
    count = subset_.size();
  }
  Group group{*this, index, static_cast<uint32_t>(count), count == threads};
  i.handler(group, i);
}

// True when the threads part.
bool Block::branch(const Instruction& i, uint32_t& pc) {
  size_t taken = 0;
  for (uint16_t t : chosen_) taken += guardHolds(i, t);
  if (taken == chosen_.size()) {
    pc = i.target;
  } else if (taken == 0) {
    pc++;
  } else {
    for (uint16_t t : chosen_) pc_[t] = guardHolds(i, t) ? i.target : pc + 1;
    return true;
  }
  return false;
}

void Block::park(const Instruction& i, uint32_t pc, State state) {
  for (uint16_t t : chosen_) {
    bool holds = guardHolds(i, t);
    pc_[t] = holds ? pc : pc + 1;
    if (holds) state_[t] = state;
  }
}

void Group::fail(const Instruction& i, uint32_t thread, int code, const std::string& rule) const {
  const char* separator = rule.find(": ") == std::string::npos ? ": " : ", ";
  throw Error(code, rule + separator + "kernel=" + block.kernel.name + ", block=" + std::to_string(block.linear) +
                        ", thread=" + std::to_string(thread) + ", line=" + std::to_string(i.line) + ", text=" +
                        block.kernel.text(i.line));
}

}  // namespace ptxvm
