// The stand-in for libcudart: order of work, life of memory, failures.
#include "../cudart/api.hpp"
#include "../cudart/control.hpp"
#include "check.hpp"
#include "program.hpp"

namespace {

const char* increment = ".version 6.3\n.target sm_60\n.address_size 64\n"
    ".visible .entry increment(.param .u64 at, .param .u32 by)\n{\n.reg .b32 %r<4>; .reg .b64 %rd<2>;\n"
    "ld.param.u64 %rd1, [at]; ld.param.u32 %r1, [by];\n"
    "ld.global.u32 %r2, [%rd1]; add.u32 %r3, %r2, %r1; st.global.u32 [%rd1], %r3;\nret;\n}\n";

void ok(cudaError_t status, int line) { check::equal("cudaSuccess", cudaGetErrorName(status), line); }
#define OK(call) ok(call, __LINE__)

struct Fixture {
  cudaStream_t stream = nullptr;
  void* device = nullptr;
  uint32_t* pinned = nullptr;
  cudaLibrary_t library = nullptr;
  cudaKernel_t kernel = nullptr;

  Fixture() {
    standin_reset();
    standin_eager(0);
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    OK(cudaMalloc(&device, 16));
    OK(cudaHostAlloc(reinterpret_cast<void**>(&pinned), 16, 0));
    OK(cudaLibraryLoadData(&library, increment, nullptr, nullptr, 0, nullptr, nullptr, 0));
    OK(cudaLibraryGetKernel(&kernel, library, "increment"));
  }

  ~Fixture() { standin_reset(); }

  cudaError_t launch(uint32_t by) {
    void* arguments[] = {&device, &by};
    return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3{1, 1, 1}, dim3{1, 1, 1}, arguments, 0, stream);
  }
  cudaError_t upload() { return cudaMemcpyAsync(device, pinned, 4, cudaMemcpyHostToDevice, stream); }
  cudaError_t download() { return cudaMemcpyAsync(pinned, device, 4, cudaMemcpyDeviceToHost, stream); }
};

}  // namespace

CASE(stream_worksWhenWaitedFor) {
  Fixture f;
  *f.pinned = 5;
  OK(f.upload());
  OK(f.launch(3));
  *f.pinned = 7;  // read when the copy runs
  EQUAL(0u, standin_launches());
  OK(f.download());
  OK(cudaStreamSynchronize(f.stream));
  EQUAL(10u, *f.pinned);
  EQUAL(1u, standin_launches());
}

CASE(stream_eagerWorksAtOnce) {
  Fixture f;
  standin_eager(1);
  *f.pinned = 5;
  OK(f.upload());
  *f.pinned = 7;
  OK(f.download());
  EQUAL(5u, *f.pinned);
  OK(cudaStreamQuery(f.stream));
}

CASE(stream_queryEnds) {
  Fixture f;
  OK(cudaMemsetAsync(f.device, 0, 16, f.stream));
  OK(f.launch(1));
  EQUAL("cudaErrorNotReady", cudaGetErrorName(cudaStreamQuery(f.stream)));
  EQUAL("cudaErrorNotReady", cudaGetErrorName(cudaStreamQuery(f.stream)));
  OK(cudaStreamQuery(f.stream));
}

CASE(event_ordersStreams) {
  Fixture f;
  cudaStream_t other;
  cudaEvent_t event;
  OK(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
  OK(cudaEventCreateWithFlags(&event, 0));
  OK(cudaMemsetAsync(f.device, 1, 4, f.stream));
  OK(cudaEventRecord(event, f.stream));
  OK(cudaMemsetAsync(f.device, 2, 4, f.stream));
  OK(cudaStreamWaitEvent(other, event, 0));
  OK(cudaMemcpyAsync(f.pinned, f.device, 4, cudaMemcpyDeviceToHost, other));
  OK(cudaStreamSynchronize(other));
  EQUAL(0x01010101u, *f.pinned);
  OK(cudaEventQuery(event));
  float ms = -1;
  OK(cudaEventElapsedTime(&ms, event, event));
  HOLDS(ms == 0);
}

CASE(memory_pinnedFreedBeforeTheCopy) {
  Fixture f;
  OK(f.upload());
  OK(cudaFreeHost(f.pinned));
  EQUAL("cudaErrorIllegalAddress", cudaGetErrorName(cudaStreamSynchronize(f.stream)));
  EQUAL("cudaErrorIllegalAddress", cudaGetErrorName(cudaDeviceSynchronize()));  // sticky
  EQUAL("cudaErrorIllegalAddress", cudaGetErrorName(cudaGetLastError()));
}

CASE(memory_freedBeforeTheKernel) {
  Fixture f;
  OK(f.launch(1));
  OK(cudaFree(f.device));
  EQUAL("cudaErrorIllegalAddress", cudaGetErrorName(cudaStreamSynchronize(f.stream)));
}

CASE(memory_copyOutside) {
  Fixture f;
  OK(cudaMemcpyAsync(f.device, f.pinned, 17, cudaMemcpyHostToDevice, f.stream));
  EQUAL("cudaErrorIllegalAddress", cudaGetErrorName(cudaStreamSynchronize(f.stream)));
}

CASE(memory_isCounted) {
  Fixture f;
  EQUAL(16u, standin_live_bytes());
  EQUAL(4u, standin_live_handles());
  OK(cudaFree(f.device));
  EQUAL("cudaErrorInvalidValue", cudaGetErrorName(cudaFree(f.device)));
  EQUAL(0u, standin_live_bytes());
  void* huge;
  EQUAL("cudaErrorMemoryAllocation", cudaGetErrorName(cudaMalloc(&huge, size_t{9} << 30)));
}

CASE(library_refusesWithALog) {
  Fixture f;
  char log[200] = "";
  cudaJitOption options[] = {static_cast<cudaJitOption>(5), static_cast<cudaJitOption>(6)};
  void* values[] = {log, reinterpret_cast<void*>(sizeof log)};
  cudaLibrary_t bad;
  EQUAL("cudaErrorInvalidPtx", cudaGetErrorName(cudaLibraryLoadData(&bad, "frob", options, values, 2, nullptr, nullptr, 0)));
  EQUAL("the directive must be a known one: token='frob', line=1", log);
  EQUAL("cudaErrorSymbolNotFound", cudaGetErrorName(cudaLibraryGetKernel(&f.kernel, f.library, "other")));
  cudaFuncAttributes attributes;
  OK(cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(f.kernel)));
  EQUAL(60u, static_cast<uint64_t>(attributes.ptxVersion));
}

CASE(graph_replays) {
  Fixture f;
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  OK(cudaMemsetAsync(f.device, 0, 4, f.stream));
  OK(cudaStreamBeginCapture(f.stream, cudaStreamCaptureModeThreadLocal));
  OK(f.launch(2));
  OK(f.download());
  OK(cudaStreamEndCapture(f.stream, &graph));
  OK(cudaGraphInstantiateWithFlags(&executable, graph, 0));
  OK(cudaGraphDestroy(graph));
  EQUAL(0u, standin_launches());
  OK(cudaGraphLaunch(executable, f.stream));
  OK(cudaGraphLaunch(executable, f.stream));
  OK(cudaStreamSynchronize(f.stream));
  EQUAL(4u, *f.pinned);
  OK(cudaGraphExecDestroy(executable));
}

CASE(graph_refusesSynchronisation) {
  Fixture f;
  cudaGraph_t graph;
  OK(cudaStreamBeginCapture(f.stream, cudaStreamCaptureModeThreadLocal));
  EQUAL("cudaErrorStreamCaptureUnsupported", cudaGetErrorName(cudaStreamSynchronize(f.stream)));
  EQUAL("cudaErrorStreamCaptureInvalidated", cudaGetErrorName(cudaStreamEndCapture(f.stream, &graph)));
}

CASE(faults_failTheCallAskedFor) {
  Fixture f;
  standin_fail_at(2);
  OK(f.upload());
  EQUAL("cudaErrorMemoryAllocation", cudaGetErrorName(f.launch(1)));
  EQUAL("cudaErrorMemoryAllocation", cudaGetErrorName(cudaGetLastError()));
  EQUAL("cudaSuccess", cudaGetErrorName(cudaGetLastError()));
  OK(cudaStreamSynchronize(f.stream));
  EQUAL(0u, standin_launches());
}

CASE(faults_ofCallsThatGiveBack) {
  Fixture f;
  void* memory = nullptr;
  OK(cudaMalloc(&memory, 4));
  uint64_t bytes = standin_live_bytes();
  standin_fail_at(1);
  EQUAL("cudaErrorMemoryAllocation", cudaGetErrorName(cudaFree(memory)));
  EQUAL("cudaFree", standin_failed());
  EQUAL(bytes - 4, standin_live_bytes());

  OK(cudaStreamBeginCapture(f.stream, cudaStreamCaptureModeThreadLocal));
  uint64_t handles = standin_live_handles();
  standin_fail_at(1);
  cudaGraph_t graph = nullptr;
  EQUAL("cudaErrorMemoryAllocation", cudaGetErrorName(cudaStreamEndCapture(f.stream, &graph)));
  EQUAL(handles, standin_live_handles());
  OK(cudaStreamSynchronize(f.stream));
  cudaGetLastError();
}

CASE(runtime_beforeItLoadsLibraries) {
  Fixture f;
  EQUAL(13000u, static_cast<uint64_t>(standin_runtime(12079)));
  int version = 0;
  OK(cudaRuntimeGetVersion(&version));
  cudaLibrary_t library;
  cudaError_t loaded = cudaLibraryLoadData(&library, increment, nullptr, nullptr, 0, nullptr, nullptr, 0);
  EQUAL(12079u, static_cast<uint64_t>(standin_runtime(13000)));
  EQUAL(12079u, static_cast<uint64_t>(version));
  EQUAL("cudaErrorSymbolNotFound", cudaGetErrorName(loaded));
}
