// Capture of a stream's work and its replay.
#include "device.hpp"

using namespace standin;

namespace {

using Graphs = std::map<Graph*, std::unique_ptr<Graph>>;

Graph& find(const Graphs& graphs, void* handle) {
  auto entry = graphs.find(static_cast<Graph*>(handle));
  if (entry == graphs.end()) fail(cudaErrorInvalidValue, "the graph must be a live one");
  return *entry->second;
}

Graph* keep(Graphs& graphs, std::vector<Work> work) {
  auto made = std::make_unique<Graph>();
  made->work = std::move(work);
  Graph* key = made.get();
  graphs[key] = std::move(made);
  return key;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, enum cudaStreamCaptureMode mode) {
  return call("cudaStreamBeginCapture", [=] {
    if (!handle) fail(cudaErrorStreamCaptureUnsupported, "the default stream must not be captured");
    std::shared_ptr<Stream> stream = device().stream(handle);
    if (stream->capture) fail(cudaErrorInvalidValue, "the stream must not be captured already");
    auto* capture = new Capture;
    capture->origin = stream.get();
    capture->relaxed = mode == cudaStreamCaptureModeRelaxed;
    stream->capture = capture;
    device().captures.insert(capture);
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* out) {
  return call("cudaStreamEndCapture", [=] {
    Device& d = device();
    std::shared_ptr<Stream> stream = d.stream(handle);
    *out = nullptr;
    if (!stream->capture) fail(cudaErrorInvalidValue, "the stream must be captured");
    if (stream->capture->origin != stream.get()) fail(cudaErrorStreamCaptureUnmatched, "the capture must end in the stream where it began");
    std::unique_ptr<Capture> capture(stream->capture);
    d.captures.erase(capture.get());
    stream->capture = nullptr;
    for (auto& other : d.streams) {
      if (other.second->capture == capture.get()) other.second->capture = nullptr;
    }
    if (capture->invalid) fail(cudaErrorStreamCaptureInvalidated, "the capture must have no error");
    if (!capture->forked.empty()) fail(cudaErrorStreamCaptureUnjoined, "the stream must wait for the work of other captured streams");
    *out = reinterpret_cast<cudaGraph_t>(keep(d.graphs, std::move(capture->work)));
  });
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* out, cudaGraph_t graph, unsigned long long) {
  return call("cudaGraphInstantiateWithFlags", [=] {
    Device& d = device();
    *out = reinterpret_cast<cudaGraphExec_t>(keep(d.executables, find(d.graphs, graph).work));
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return call("cudaGraphLaunch", [=] {
    Device& d = device();
    d.enqueue(stream, [work = find(d.executables, executable).work] {
      for (const Work& one : work) one();
    });
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return call("cudaGraphExecDestroy", [=] { device().executables.erase(&find(device().executables, executable)); });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return call("cudaGraphDestroy", [=] { device().graphs.erase(&find(device().graphs, graph)); });
}

}
