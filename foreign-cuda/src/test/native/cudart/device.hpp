// The stand-in's one device: memory, streams, events, what is alive, and the failures asked for.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "../ptxvm/machine.hpp"
#include "api.hpp"

namespace standin {

using Work = std::function<void()>;

struct Capture;

struct Stream {
  std::deque<Work> queue;
  uint64_t queued = 0, done = 0;  // pieces of work, since the stream exists
  bool blocking = true;           // takes turns with the default stream
  Capture* capture = nullptr;
};

// A graph in the making: the work of all captured streams in the order of the calls.
struct Capture {
  Stream* origin = nullptr;
  bool relaxed = false;
  bool invalid = false;
  std::vector<Work> work;
  std::set<Stream*> forked;  // streams with work that the origin has not waited for
};

struct Event {
  bool timing = true;
  std::shared_ptr<Stream> stream;  // of the last record
  uint64_t ticket = 0;             // done when the stream has done that many
  Capture* capture = nullptr;      // recorded in it
  Stream* capturedStream = nullptr;
  std::shared_ptr<std::chrono::steady_clock::time_point> time;
};

struct Library {
  ptxvm::Module module;
  std::vector<uint64_t> variables;  // their device memory
};

struct Graph {
  std::vector<Work> work;
};

struct Device {
  std::recursive_mutex mutex;
  ptxvm::DeviceMemory memory;
  ptxvm::Options options;
  ptxvm::Stats stats;
  bool eager = false;
  int runtime = CUDART_VERSION;
  bool current = false;  // a context was made current, which the driver needs

  std::shared_ptr<Stream> defaultStream = std::make_shared<Stream>();
  std::map<Stream*, std::shared_ptr<Stream>> streams;
  std::map<Event*, std::unique_ptr<Event>> events;
  std::map<Library*, std::unique_ptr<Library>> libraries;
  std::map<Graph*, std::unique_ptr<Graph>> graphs, executables;
  std::map<uint64_t, size_t> pinned, freedPinned, registered;  // address to bytes
  std::set<Capture*> captures;

  cudaError_t sticky = cudaSuccess;
  uint64_t calls = 0;
  uint64_t failAt = 0;  // 0: never
  cudaError_t failWith = cudaErrorMemoryAllocation;
  const char* failed = "";  // the call that was made to fail

  Device();
  std::shared_ptr<Stream> stream(cudaStream_t handle);  // throws when there is none
  Event& event(cudaEvent_t handle);
  const ptxvm::Kernel* kernel(const void* handle);  // null when there is none

  void enqueue(cudaStream_t handle, Work work);
  // Does the stream's work up to that ticket.
  void drain(Stream& stream, uint64_t ticket);
  void drain(Stream& stream) { drain(stream, stream.queued); }
  void drainAll();
  void forbidCapture(const char* call);  // throws while a capture forbids unsafe calls
  size_t liveHandles() const;

 private:
  void takeTurns(Stream& stream);
};

Device& device();

// Throws the error that a call returns.
[[noreturn]] void fail(cudaError_t status, const std::string& rule);

// Runs the body of a call: counts it, fails it when asked to, turns exceptions into status codes.
cudaError_t run(const char* name, const std::function<void()>& body);
// The same for the runtime, which keeps the last error and makes the device's context current.
cudaError_t call(const char* name, const std::function<void()>& body);
// The same for those of its calls that need no context.
cudaError_t query(const char* name, const std::function<void()>& body);

cudaError_t lastError(bool clear);
const char* errorName(cudaError_t status);
const char* errorText(cudaError_t status);

}  // namespace standin
