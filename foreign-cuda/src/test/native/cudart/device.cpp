#include "device.hpp"

#include <cstdio>
#include <cstdlib>

namespace standin {

namespace {

thread_local cudaError_t last = cudaSuccess;

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

void report(const char* what, const std::string& message) {
  std::fprintf(stderr, "stand-in: %s: %s\n", what, message.c_str());
}

bool givesBack(const std::string& name) {
  static const std::set<std::string> names = {
      "cudaFree",         "cudaFreeHost",         "cudaHostUnregister", "cudaStreamDestroy", "cudaEventDestroy",
      "cudaGraphDestroy", "cudaGraphExecDestroy", "cudaLibraryUnload",  "cuModuleUnload",    "cudaStreamEndCapture"};
  return names.count(name);
}

// As with CUDA, such a call does its work and tells the failure of another; a capture ends without a graph.
void giveBack(const std::function<void()>& body) {
  for (Capture* capture : device().captures) capture->invalid = true;
  try {
    body();
  } catch (const ptxvm::Error&) {
  }
}

}  // namespace

Device::Device() {
  eager = setting("STANDIN_EAGER", 0);
  options.globalRaces = setting("STANDIN_RACES", 0);
  options.instructionLimit = setting("STANDIN_LIMIT", options.instructionLimit);
  failAt = setting("STANDIN_FAIL_AT", 0);
  failWith = static_cast<cudaError_t>(setting("STANDIN_FAIL_WITH", cudaErrorMemoryAllocation));
}

// Lives until the process ends: other threads can still call when statics are destroyed.
Device& device() {
  static Device* only = [] {
    auto* made = new Device;
    std::atexit([] {
      Device& d = device();
      size_t handles = d.liveHandles();
      if (handles) {
        report("leak", "handles=" + std::to_string(handles) + ", deviceBytes=" + std::to_string(d.memory.liveBytes()));
      }
    });
    return made;
  }();
  return *only;
}

void fail(cudaError_t status, const std::string& rule) { throw ptxvm::Error(status, rule); }

cudaError_t run(const char* name, const std::function<void()>& body) {
  Device& d = device();
  std::lock_guard<std::recursive_mutex> lock(d.mutex);
  cudaError_t status = cudaSuccess;
  if (++d.calls == d.failAt) {
    d.failed = name;
    if (givesBack(name)) giveBack(body);
    status = d.failWith;
  } else if (d.sticky) {
    status = d.sticky;
  } else {
    try {
      body();
    } catch (const ptxvm::Error& e) {
      status = static_cast<cudaError_t>(e.code);
      if (status != cudaErrorNotReady) report(name, e.what());
    }
    if (status == cudaSuccess) status = d.sticky;
  }
  return status;
}

cudaError_t query(const char* name, const std::function<void()>& body) {
  cudaError_t status = run(name, body);
  if (status != cudaSuccess && status != cudaErrorNotReady) last = status;
  return status;
}

cudaError_t call(const char* name, const std::function<void()>& body) {
  return query(name, [&] {
    device().current = true;
    body();
  });
}

cudaError_t lastError(bool clear) {
  Device& d = device();
  std::lock_guard<std::recursive_mutex> lock(d.mutex);
  cudaError_t status = d.sticky ? d.sticky : last;
  if (clear) last = cudaSuccess;
  return status;
}

std::shared_ptr<Stream> Device::stream(cudaStream_t handle) {
  if (!handle) return defaultStream;
  auto entry = streams.find(reinterpret_cast<Stream*>(handle));
  if (entry == streams.end()) fail(cudaErrorInvalidResourceHandle, "the stream must be a live one");
  return entry->second;
}

Event& Device::event(cudaEvent_t handle) {
  auto entry = events.find(reinterpret_cast<Event*>(handle));
  if (entry == events.end()) fail(cudaErrorInvalidResourceHandle, "the event must be a live one");
  return *entry->second;
}

const ptxvm::Kernel* Device::kernel(const void* handle) {
  for (auto& library : libraries) {
    for (auto& entry : library.second->module.kernels) {
      if (&entry.second == handle) return &entry.second;
    }
  }
  return nullptr;
}

// The default stream and blocking streams wait for each other.
void Device::takeTurns(Stream& stream) {
  if (&stream != defaultStream.get()) {
    if (stream.blocking) drain(*defaultStream);
    return;
  }
  for (auto& other : streams) {
    if (!other.second->blocking) continue;
    if (other.second->capture) fail(cudaErrorStreamCaptureUnsupported, "the default stream must not be used while a blocking stream is captured");
    drain(*other.second);
  }
}

void Device::enqueue(cudaStream_t handle, Work work) {
  std::shared_ptr<Stream> target = stream(handle);
  if (target->capture) {
    target->capture->work.push_back(std::move(work));
    if (target.get() != target->capture->origin) target->capture->forked.insert(target.get());
    return;
  }
  takeTurns(*target);
  target->queue.push_back(std::move(work));
  target->queued++;
  if (eager) drain(*target);
}

void Device::drain(Stream& s, uint64_t ticket) {
  while (s.done < ticket && !s.queue.empty()) {
    Work work = std::move(s.queue.front());
    s.queue.pop_front();
    s.done++;
    if (sticky) continue;
    try {
      work();
    } catch (const ptxvm::Error& e) {
      sticky = static_cast<cudaError_t>(e.code);
      report("asynchronous error", e.what());
    }
  }
}

void Device::drainAll() {
  drain(*defaultStream);
  for (auto& entry : streams) drain(*entry.second);
}

void Device::forbidCapture(const char* name) {
  for (Capture* capture : captures) {
    if (!capture->relaxed) {
      capture->invalid = true;
      fail(cudaErrorStreamCaptureUnsupported, std::string("the call must not be made during a capture: call=") + name);
    }
  }
}

size_t Device::liveHandles() const {
  return memory.liveCount() + streams.size() + events.size() + libraries.size() + graphs.size() + executables.size() +
         pinned.size() + registered.size();
}

}  // namespace standin
