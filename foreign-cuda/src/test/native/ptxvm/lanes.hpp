// Handlers made of functions of one thread's values.
#pragma once
#include "machine.hpp"

namespace ptxvm {

template <class R, class A, class F>
void unary(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  g.each([=](uint32_t t) { d[t] = pack<R>(F::of(unpack<A>(a[t]))); });
}

template <class R, class A, class B, class F>
void binary(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  const uint64_t* b = g.row(i.from[1]);
  g.each([=](uint32_t t) { d[t] = pack<R>(F::of(unpack<A>(a[t]), unpack<B>(b[t]))); });
}

template <class R, class A, class C, class F>
void ternary(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  const uint64_t* b = g.row(i.from[1]);
  const uint64_t* c = g.row(i.from[2]);
  g.each([=](uint32_t t) { d[t] = pack<R>(F::of(unpack<A>(a[t]), unpack<A>(b[t]), unpack<C>(c[t]))); });
}

// A predicate cell has its value in bit 0.
struct Predicate {
  uint8_t bit;
  explicit operator bool() const { return bit & 1; }
};

}  // namespace ptxvm
