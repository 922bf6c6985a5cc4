// What the kernels need, on the CPU: stands in for src/main/cuda/shim.h. A CUDA thread is a thread;
// the blocks of a grid run one after another, so that static memory is shared memory.
#pragma once
#include <math.h>

#define KERNEL extern "C"
#define DEVICE static inline
#define GLOBAL
#define SHARED static

unsigned threadIndex();
unsigned blockIndex();
void barrier();

DEVICE float add(float a, float b) { return a + b; }
DEVICE float subtract(float a, float b) { return a - b; }
DEVICE float multiply(float a, float b) { return a * b; }
DEVICE float divide(float a, float b) { return a / b; }
DEVICE float squareRoot(float a) { return sqrtf(a); }
DEVICE double add(double a, double b) { return a + b; }
DEVICE double subtract(double a, double b) { return a - b; }
DEVICE double multiply(double a, double b) { return a * b; }
DEVICE double divide(double a, double b) { return a / b; }
DEVICE double squareRoot(double a) { return sqrt(a); }

DEVICE float toFloat(double a) { return (float)a; }
DEVICE long long toInteger(double a) { return (long long)a; }

DEVICE unsigned bitsOf(float a) { return __builtin_bit_cast(unsigned, a); }
DEVICE float floatOf(unsigned bits) { return __builtin_bit_cast(float, bits); }

DEVICE void sharedAdd(unsigned* at, unsigned value) {
  __atomic_fetch_add(at, value, __ATOMIC_RELAXED);
}
DEVICE void sharedMax(unsigned* at, unsigned value) {
  unsigned seen = __atomic_load_n(at, __ATOMIC_RELAXED);
  while (seen < value
         && !__atomic_compare_exchange_n(at, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}
DEVICE void sharedMin(unsigned* at, unsigned value) {
  unsigned seen = __atomic_load_n(at, __ATOMIC_RELAXED);
  while (seen > value
         && !__atomic_compare_exchange_n(at, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}
