// A kernel as clang compiles it: an update of elements, and a maximum through a tree in shared memory.
#define DEVICE __attribute__((device))
#define THREAD __nvvm_read_ptx_sreg_tid_x()

extern "C" __attribute__((global)) void sample(float* p, const float* g, unsigned* maximum, float lr, long long n) {
  __attribute__((shared)) static unsigned tree[128];
  unsigned greatest = 0;
  long long stride = (long long)__nvvm_read_ptx_sreg_ntid_x() * __nvvm_read_ptx_sreg_nctaid_x();
  for (long long i = (long long)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + THREAD; i < n; i += stride) {
    float x = g[i];
    float d = __nvvm_add_rn_f(__nvvm_sqrt_rn_f(__nvvm_mul_rn_f(x, x)), 1e-8f);
    p[i] = __nvvm_add_rn_f(p[i], -__nvvm_mul_rn_f(lr, __nvvm_div_rn_f(x, d)));
    unsigned bits = __builtin_bit_cast(unsigned, x) & 0x7fffffffu;
    if (bits > greatest) greatest = bits;
  }
  tree[THREAD] = greatest;
  __nvvm_bar_sync(0);
  for (unsigned half = 64; half > 0; half >>= 1) {
    if (THREAD < half && tree[THREAD + half] > tree[THREAD]) tree[THREAD] = tree[THREAD + half];
    __nvvm_bar_sync(0);
  }
  if (THREAD == 0) __nvvm_atom_max_gen_ui(maximum, tree[0]);
}
