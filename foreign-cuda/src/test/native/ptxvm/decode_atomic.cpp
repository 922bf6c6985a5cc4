// atom and red on integers; those on floats depend on the order of threads and are refused.
#include <algorithm>

#include "access.hpp"
#include "statement.hpp"

namespace ptxvm {

namespace {

struct Add { template <class T> static T of(T old, T x, T) { return static_cast<T>(old + x); } };
struct Min { template <class T> static T of(T old, T x, T) { return std::min(old, x); } };
struct Max { template <class T> static T of(T old, T x, T) { return std::max(old, x); } };
struct And { template <class T> static T of(T old, T x, T) { return old & x; } };
struct Or { template <class T> static T of(T old, T x, T) { return old | x; } };
struct Xor { template <class T> static T of(T old, T x, T) { return old ^ x; } };
struct Exchange { template <class T> static T of(T, T x, T) { return x; } };
struct CompareAndSwap { template <class T> static T of(T old, T x, T y) { return old == x ? y : old; } };

// count is 1 when the old value is wanted.
template <class T, class F>
void update(Group& g, const Instruction& i) {
  const uint64_t *base = g.row(i.from[0]), *x = g.row(i.from[1]), *y = g.row(i.from[2]);
  g.eachInOrder([&](uint32_t t) {
    uint64_t address = (i.detail & 1 ? unpack<uint32_t>(base[t]) : base[t]) + static_cast<uint64_t>(i.offset);
    uint8_t* at = locate(g, i, t, address, sizeof(T), Access::atomic);
    T old;
    std::memcpy(&old, at, sizeof(T));
    T value = F::of(old, unpack<T>(x[t]), unpack<T>(y[t]));
    std::memcpy(at, &value, sizeof(T));
    if (i.count) g.row(i.to)[t] = pack<T>(old);
  });
}

template <class F> Handler typed(Type type) {
  switch (type) {
    case Type::u32: return update<uint32_t, F>;
    case Type::u64: return update<uint64_t, F>;
    case Type::s32: return update<int32_t, F>;
    case Type::s64: return update<int64_t, F>;
    default: return nullptr;
  }
}

template <class F> Handler untyped(Type type) {
  return type == Type::b32 ? Handler(update<uint32_t, F>) : type == Type::b64 ? Handler(update<uint64_t, F>) : nullptr;
}

Handler sum(Type type) {
  // Two's complement adds the same bits; there is no .s64 form.
  return type == Type::s64 ? nullptr : type == Type::s32 ? Handler(update<uint32_t, Add>) : typed<Add>(type);
}

}  // namespace

bool decodeAtomic(Decoder& d, Instruction& out) {
  bool old = d.opcode() == "atom";
  if (!old && d.opcode() != "red") return false;
  out.space = d.take("global") ? Space::global : d.take("shared") ? Space::shared : Space::generic;
  std::string operation = d.takeAny();
  Type type = d.type();
  d.endOfWords();
  if (operation == "add") out.handler = sum(type);
  else if (operation == "min") out.handler = typed<Min>(type);
  else if (operation == "max") out.handler = typed<Max>(type);
  else if (operation == "and") out.handler = untyped<And>(type);
  else if (operation == "or") out.handler = untyped<Or>(type);
  else if (operation == "xor") out.handler = untyped<Xor>(type);
  else if (operation == "exch" && old) out.handler = untyped<Exchange>(type);
  else if (operation == "cas" && old) out.handler = untyped<CompareAndSwap>(type);
  if (!out.handler) d.unknown();
  unsigned first = old ? 1 : 0;
  unsigned values = operation == "cas" ? 2 : 1;
  d.operands(first + 1 + values);
  out.count = old;
  if (old) out.to = d.destination(0, type);
  out.from[0] = d.address(first, out.space, out);
  out.from[1] = d.source(first + 1, type);
  out.from[2] = values == 2 ? d.source(first + 2, type) : out.from[1];
  return true;
}

}  // namespace ptxvm
