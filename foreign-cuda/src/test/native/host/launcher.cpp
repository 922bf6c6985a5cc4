// Runs the kernels on the CPU: reads buffers, pointers and launches from its input, writes the
// buffers to its output. All numbers are little-endian i64; the Java side is HostKernels.
//   buffers; of each: bytes, shift of its address from a multiple of 16, contents
//   pointers; of each: the buffer and the offset where to put it, the buffer it points to
//   launches; of each: kernel, blocks, arguments; of each: 0 and a buffer, 1 and a float's bits, or
//     2 and an u32
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "spam4j.cu"

namespace {
thread_local unsigned currentThread;
unsigned currentBlock;
pthread_barrier_t threadsOfBlock;

struct Argument {
  i64 kind;
  i64 value;
  void* address;

  template <typename T>
  operator T*() const {
    if (kind != 0) throw std::runtime_error("a buffer was expected");
    return static_cast<T*>(address);
  }
  operator float() const {
    if (kind != 1) throw std::runtime_error("a float was expected");
    return floatOf((u32)value);
  }
  operator u32() const {
    if (kind != 2) throw std::runtime_error("an u32 was expected");
    return (u32)value;
  }
};

struct Launch {
  void (*run)(const std::vector<Argument>&);
  unsigned blocks;
  std::vector<Argument> arguments;
};

template <typename... A, size_t... I>
void call(void (*kernel)(A...), const std::vector<Argument>& a, std::index_sequence<I...>) {
  kernel(static_cast<A>(a.at(I))...);
}

template <typename... A>
void apply(void (*kernel)(A...), const std::vector<Argument>& arguments) {
  if (arguments.size() != sizeof...(A)) throw std::runtime_error("wrong number of arguments");
  call(kernel, arguments, std::index_sequence_for<A...>());
}

template <auto kernel>
void run(const std::vector<Argument>& arguments) {
  apply(kernel, arguments);
}

// In the order of HostKernels.Kernel.
void (*const KERNELS[])(const std::vector<Argument>&) = {
    run<spam4j_update>, run<spam4j_update_sparse>, run<spam4j_tally>,
    run<spam4j_measure>, run<spam4j_measure_sum>, run<spam4j_fill>,
    run<spam4j_remap>, run<spam4j_measure_total>, run<spam4j_measure_again>,
    run<spam4j_rescale>, run<spam4j_decide_tensors>, run<spam4j_decide_norm>,
    run<spam4j_amsgrad>,
};

std::vector<Launch> launches;

void* threadMain(void* index) {
  currentThread = (unsigned)(size_t)index;
  for (const Launch& launch : launches) {
    for (unsigned block = 0; block < launch.blocks; block++) {
      if (currentThread == 0) currentBlock = block;
      barrier();
      launch.run(launch.arguments);
      barrier();
    }
  }
  return nullptr;
}

void runLaunches() {
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    if (pthread_create(&threads[i], nullptr, threadMain, (void*)i) != 0) {
      throw std::runtime_error("no thread could be started");
    }
  }
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
}

void read(void* to, size_t bytes) {
  if (bytes != 0 && fread(to, 1, bytes, stdin) != bytes) throw std::runtime_error("input ends early");
}

i64 read() {
  i64 value;
  read(&value, sizeof(value));
  return value;
}

// Exactly as long as asked for, so that the address sanitizer sees each element too many.
struct Buffer {
  char* allocated;
  char* data;
  size_t bytes;
};
}  // namespace

unsigned threadIndex() { return currentThread; }
unsigned blockIndex() { return currentBlock; }
void barrier() { pthread_barrier_wait(&threadsOfBlock); }

int main() {
  pthread_barrier_init(&threadsOfBlock, nullptr, THREADS);
  std::vector<Buffer> buffers(read());
  for (Buffer& buffer : buffers) {
    buffer.bytes = read();
    size_t shift = read();
    buffer.allocated = static_cast<char*>(malloc(shift + buffer.bytes + (shift + buffer.bytes == 0)));
    buffer.data = buffer.allocated + shift;
    read(buffer.data, buffer.bytes);
  }
  for (i64 left = read(); left > 0; left--) {
    Buffer& at = buffers.at(read());
    i64 offset = read();
    memcpy(at.data + offset, &buffers.at(read()).data, sizeof(char*));
  }
  for (i64 left = read(); left > 0; left--) {
    i64 kernel = read();
    Launch next{KERNELS[kernel], (unsigned)read(), std::vector<Argument>(read())};
    for (Argument& argument : next.arguments) {
      argument.kind = read();
      argument.value = read();
      argument.address = argument.kind == 0 ? buffers.at(argument.value).data : nullptr;
    }
    launches.push_back(next);
  }
  runLaunches();
  for (const Buffer& buffer : buffers) {
    fwrite(buffer.data, 1, buffer.bytes, stdout);
    free(buffer.allocated);
  }
  return fflush(stdout);
}
