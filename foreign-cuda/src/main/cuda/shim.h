// What the kernels need of CUDA, for clang without a CUDA toolkit. Arithmetic is named here and
// nowhere else: every operation on floats is rounded once, to nearest, and none is contracted.
#pragma once

#define KERNEL extern "C" __attribute__((global)) __attribute__((launch_bounds(256)))
#define DEVICE __attribute__((device)) static inline __attribute__((always_inline))
#define GLOBAL __attribute__((address_space(1)))
#define SHARED static __attribute__((shared))

DEVICE unsigned threadIndex() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE unsigned blockIndex() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE void barrier() { __syncthreads(); }

DEVICE float add(float a, float b) { return __nvvm_add_rn_f(a, b); }
DEVICE float subtract(float a, float b) { return a - b; }
DEVICE float multiply(float a, float b) { return __nvvm_mul_rn_f(a, b); }
DEVICE float divide(float a, float b) { return __nvvm_div_rn_f(a, b); }
DEVICE float squareRoot(float a) { return __nvvm_sqrt_rn_f(a); }
DEVICE double add(double a, double b) { return __nvvm_add_rn_d(a, b); }
DEVICE double subtract(double a, double b) { return a - b; }
DEVICE double multiply(double a, double b) { return __nvvm_mul_rn_d(a, b); }
DEVICE double divide(double a, double b) { return __nvvm_div_rn_d(a, b); }
DEVICE double squareRoot(double a) { return __nvvm_sqrt_rn_d(a); }

DEVICE float toFloat(double a) { return __nvvm_d2f_rn(a); }
DEVICE long long toInteger(double a) { return (long long)a; }  // of whole numbers only

DEVICE unsigned bitsOf(float a) { return __builtin_bit_cast(unsigned, a); }
DEVICE float floatOf(unsigned bits) { return __builtin_bit_cast(float, bits); }

// On shared memory only.
DEVICE void sharedAdd(unsigned* at, unsigned value) { __nvvm_atom_add_gen_i((int*)at, (int)value); }
DEVICE void sharedMax(unsigned* at, unsigned value) { __nvvm_atom_max_gen_ui(at, value); }
DEVICE void sharedMin(unsigned* at, unsigned value) { __nvvm_atom_min_gen_ui(at, value); }
