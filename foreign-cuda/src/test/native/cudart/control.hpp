// What tests ask of the stand-in beside CUDA's own interface.
#pragma once
#include <cstdint>

extern "C" {
uint64_t standin_calls(void);         // calls that return a status, since the last reset
uint64_t standin_live_bytes(void);    // device memory in use
uint64_t standin_live_handles(void);  // allocations, streams, events, libraries, graphs
uint64_t standin_instructions(void);  // of PTX, summed over threads, since the last reset
uint64_t standin_launches(void);      // kernels run since the last reset
void standin_fail_at(uint64_t n);     // the n-th call from now on fails; 0: none
void standin_fail_with(int status);   // with this status instead of cudaErrorMemoryAllocation
const char* standin_failed(void);     // the call that was made to fail; empty if none was
int standin_reset(void);              // all handles, memory, errors and counters go, settings stay; how many handles went

// Settings; what was set before is returned.
int standin_eager(int eager);      // 1: work is done when it is queued; 0: when somebody waits
int standin_races(int find);       // 1: two writers of a byte of global memory end a launch
int standin_runtime(int version);  // what the runtime says it is, as in CUDART_VERSION
}
