#include "control.hpp"

#include <utility>

#include "device.hpp"

using namespace standin;

namespace {

std::unique_lock<std::recursive_mutex> lock() { return std::unique_lock<std::recursive_mutex>(device().mutex); }

}  // namespace

extern "C" {

uint64_t standin_calls(void) {
  auto held = lock();
  return device().calls;
}

uint64_t standin_live_bytes(void) {
  auto held = lock();
  return device().memory.liveBytes();
}

uint64_t standin_live_handles(void) {
  auto held = lock();
  return device().liveHandles();
}

uint64_t standin_instructions(void) {
  auto held = lock();
  return device().stats.instructions;
}

uint64_t standin_launches(void) {
  auto held = lock();
  return device().stats.launches;
}

void standin_fail_at(uint64_t n) {
  auto held = lock();
  device().failAt = n ? device().calls + n : 0;
}

void standin_fail_with(int status) {
  auto held = lock();
  device().failWith = static_cast<cudaError_t>(status);
}

const char* standin_failed(void) {
  auto held = lock();
  return device().failed;
}

int standin_eager(int eager) {
  auto held = lock();
  return std::exchange(device().eager, eager != 0);
}

int standin_races(int find) {
  auto held = lock();
  return std::exchange(device().options.globalRaces, find != 0);
}

int standin_runtime(int version) {
  auto held = lock();
  return std::exchange(device().runtime, version);
}

int standin_reset(void) {
  auto held = lock();
  Device& d = device();
  int handles = static_cast<int>(d.liveHandles());
  for (Capture* capture : d.captures) delete capture;
  d.captures.clear();
  d.defaultStream = std::make_shared<Stream>();
  d.streams.clear();
  d.events.clear();
  d.libraries.clear();
  d.graphs.clear();
  d.executables.clear();
  d.memory.releaseAll();
  d.pinned.clear();
  d.registered.clear();
  d.sticky = cudaSuccess;
  d.current = false;
  lastError(true);
  d.calls = 0;
  d.failAt = 0;
  d.failWith = cudaErrorMemoryAllocation;
  d.failed = "";
  d.stats = {};
  return handles;
}

}
