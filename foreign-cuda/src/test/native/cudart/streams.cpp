// Streams and events.
#include "device.hpp"

using namespace standin;

namespace {

void forbidOn(const Stream& stream, const char* name) {
  if (!stream.capture) return;
  stream.capture->invalid = true;
  fail(cudaErrorStreamCaptureUnsupported, std::string("the stream must not be captured: call=") + name);
}

void forbidOn(const Event& event, const char* name) {
  if (!event.capture) return;
  if (device().captures.count(event.capture)) event.capture->invalid = true;
  fail(cudaErrorCapturedEvent, std::string("the event must not be recorded in a capture: call=") + name);
}

bool isDone(const Event& e) { return !e.stream || e.stream->done >= e.ticket; }

// A capture reaches another stream through an event, and comes back the same way.
void waitInCapture(Stream& stream, Event& event) {
  if (!device().captures.count(event.capture)) fail(cudaErrorCapturedEvent, "the capture of the event must not have ended");
  if (stream.capture && stream.capture != event.capture) {
    stream.capture->invalid = true;
    fail(cudaErrorStreamCaptureUnsupported, "an event must be recorded in the same capture");
  }
  stream.capture = event.capture;
  if (&stream == event.capture->origin) event.capture->forked.erase(event.capturedStream);
  else event.capture->forked.insert(&stream);
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned flags) {
  return call("cudaStreamCreateWithFlags", [=] {
    if (flags > cudaStreamNonBlocking) fail(cudaErrorInvalidValue, "the flags must be 0 or 1: flags=" + std::to_string(flags));
    auto made = std::make_shared<Stream>();
    made->blocking = flags != cudaStreamNonBlocking;
    *out = reinterpret_cast<cudaStream_t>(made.get());
    device().streams[made.get()] = made;
  });
}

// The work in the stream still gets done.
cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  return call("cudaStreamDestroy", [=] {
    if (!handle) fail(cudaErrorInvalidResourceHandle, "the default stream must not be destroyed");
    std::shared_ptr<Stream> stream = device().stream(handle);
    forbidOn(*stream, "cudaStreamDestroy");
    device().drain(*stream);
    device().streams.erase(stream.get());
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call("cudaStreamSynchronize", [=] {
    std::shared_ptr<Stream> stream = device().stream(handle);
    forbidOn(*stream, "cudaStreamSynchronize");
    device().drain(*stream);
  });
}

// Each query lets one piece of work happen, so that polling ends.
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return call("cudaStreamQuery", [=] {
    std::shared_ptr<Stream> stream = device().stream(handle);
    forbidOn(*stream, "cudaStreamQuery");
    if (stream->queue.empty()) return;
    device().drain(*stream, stream->done + 1);
    fail(cudaErrorNotReady, "the stream has work");
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t eventHandle, unsigned) {
  return call("cudaStreamWaitEvent", [=] {
    std::shared_ptr<Stream> stream = device().stream(handle);
    Event& event = device().event(eventHandle);
    if (event.capture) {
      waitInCapture(*stream, event);
    } else if (!isDone(event)) {
      if (stream->capture) fail(cudaErrorStreamCaptureUnsupported, "a captured stream must not wait for work outside");
      std::shared_ptr<Stream> other = event.stream;
      uint64_t ticket = event.ticket;
      device().enqueue(handle, [=] { device().drain(*other, ticket); });
    }
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* out, unsigned flags) {
  return call("cudaEventCreateWithFlags", [=] {
    if (flags > 7) fail(cudaErrorInvalidValue, "the flags must be known ones: flags=" + std::to_string(flags));
    auto made = std::make_unique<Event>();
    made->timing = !(flags & cudaEventDisableTiming);
    Event* key = made.get();
    *out = reinterpret_cast<cudaEvent_t>(key);
    device().events[key] = std::move(made);
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  return call("cudaEventDestroy", [=] { device().events.erase(&device().event(handle)); });
}

cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t streamHandle) {
  return call("cudaEventRecord", [=] {
    Event& event = device().event(handle);
    std::shared_ptr<Stream> stream = device().stream(streamHandle);
    event.capture = stream->capture;
    if (stream->capture) {
      event.capturedStream = stream.get();
      return;
    }
    auto time = std::make_shared<std::chrono::steady_clock::time_point>();
    event.time = time;
    event.stream = stream;
    event.ticket = stream->queued + 1;
    device().enqueue(streamHandle, [=] { *time = std::chrono::steady_clock::now(); });
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  return call("cudaEventSynchronize", [=] {
    Event& event = device().event(handle);
    forbidOn(event, "cudaEventSynchronize");
    if (event.stream) device().drain(*event.stream, event.ticket);
  });
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
  return call("cudaEventQuery", [=] {
    Event& event = device().event(handle);
    forbidOn(event, "cudaEventQuery");
    if (isDone(event)) return;
    device().drain(*event.stream, event.stream->done + 1);
    fail(cudaErrorNotReady, "the event is not reached");
  });
}

cudaError_t cudaEventElapsedTime(float* out, cudaEvent_t from, cudaEvent_t to) {
  return call("cudaEventElapsedTime", [=] {
    Event &a = device().event(from), &b = device().event(to);
    if (!a.timing || !b.timing || !a.time || !b.time) fail(cudaErrorInvalidResourceHandle, "the events must be recorded, with timing");
    if (!isDone(a) || !isDone(b)) fail(cudaErrorNotReady, "the events are not reached");
    *out = std::chrono::duration<float, std::milli>(*b.time - *a.time).count();
  });
}

cudaError_t cudaDeviceSynchronize(void) {
  return call("cudaDeviceSynchronize", [] {
    device().forbidCapture("cudaDeviceSynchronize");
    device().drainAll();
  });
}

}
