// Integer arithmetic, modulo 2^n.
#include <algorithm>
#include <type_traits>

#include "lanes.hpp"
#include "statement.hpp"

namespace ptxvm {

namespace {

template <class T> using Unsigned = std::make_unsigned_t<T>;

// In a type as wide as unsigned at least: a product of two uint16_t must not overflow int.
template <class T> using Wide = std::conditional_t<(sizeof(T) < 4), uint32_t, Unsigned<T>>;

template <class T> T wrap(Wide<T> value) { return static_cast<T>(value); }

struct Add { template <class T> static T of(T a, T b) { return wrap<T>(Wide<T>(a) + Wide<T>(b)); } };
struct Sub { template <class T> static T of(T a, T b) { return wrap<T>(Wide<T>(a) - Wide<T>(b)); } };
struct MulLo { template <class T> static T of(T a, T b) { return wrap<T>(Wide<T>(a) * Wide<T>(b)); } };
struct MadLo { template <class T> static T of(T a, T b, T c) { return wrap<T>(Wide<T>(a) * Wide<T>(b) + Wide<T>(c)); } };
struct MulHi {
  template <class T>
  static T of(T a, T b) {
    using Double = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>((Double(a) * Double(b)) >> (8 * sizeof(T)));
  }
};
struct Min { template <class T> static T of(T a, T b) { return std::min(a, b); } };
struct Max { template <class T> static T of(T a, T b) { return std::max(a, b); } };
struct Neg { template <class T> static T of(T a) { return wrap<T>(0 - Wide<T>(a)); } };
struct Abs { template <class T> static T of(T a) { return a < 0 ? Neg::of(a) : a; } };

template <class T> struct Doubled;
template <> struct Doubled<uint16_t> { using type = uint32_t; };
template <> struct Doubled<int16_t> { using type = int32_t; };
template <> struct Doubled<uint32_t> { using type = uint64_t; };
template <> struct Doubled<int32_t> { using type = int64_t; };

struct MulWide {
  template <class T>
  static auto of(T a, T b) {
    using R = typename Doubled<T>::type;
    return static_cast<R>(static_cast<R>(a) * static_cast<R>(b));
  }
};
struct MadWide {
  template <class T, class R>
  static R of(T a, T b, R c) { return Add::of<R>(MulWide::of(a, b), c); }
};

// The result of a division by zero is not specified: an error here.
template <class T, bool remainder>
void divide(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  const uint64_t* b = g.row(i.from[1]);
  g.eachInOrder([&](uint32_t t) {
    T x = unpack<T>(a[t]), y = unpack<T>(b[t]);
    if (y == 0) g.fail(i, t, launchFailure, "an integer must not be divided by zero");
    bool overflows = std::is_signed_v<T> && y == static_cast<T>(-1);  // the least by -1
    T quotient = overflows ? Neg::of(x) : static_cast<T>(x / y);
    d[t] = pack<T>(remainder ? (overflows ? T(0) : static_cast<T>(x % y)) : quotient);
  });
}

// The handler of a template for each integer type, or null.
#define PTXVM_BY_TYPE(type, maker)              \
  switch (type) {                               \
    case Type::u16: return maker(uint16_t);     \
    case Type::s16: return maker(int16_t);      \
    case Type::u32: return maker(uint32_t);     \
    case Type::s32: return maker(int32_t);      \
    case Type::u64: return maker(uint64_t);     \
    case Type::s64: return maker(int64_t);      \
    default: return nullptr;                    \
  }

template <class F> Handler two(Type type) {
#define MAKE(T) (binary<T, T, T, F>)
  PTXVM_BY_TYPE(type, MAKE)
#undef MAKE
}

template <bool remainder> Handler division(Type type) {
#define MAKE(T) (divide<T, remainder>)
  PTXVM_BY_TYPE(type, MAKE)
#undef MAKE
}

Handler multiplyAdd(Type type) {
#define MAKE(T) (ternary<T, T, T, MadLo>)
  PTXVM_BY_TYPE(type, MAKE)
#undef MAKE
}

template <class F> Handler one(Type type) {
  switch (type) {
    case Type::s16: return unary<int16_t, int16_t, F>;
    case Type::s32: return unary<int32_t, int32_t, F>;
    case Type::s64: return unary<int64_t, int64_t, F>;
    default: return nullptr;
  }
}

template <class T> Handler wideOf(bool adds) {
  using R = typename Doubled<T>::type;
  return adds ? Handler(ternary<R, T, R, MadWide>) : Handler(binary<R, T, T, MulWide>);
}

Type doubled(Type type) {
  switch (type) {
    case Type::u16: return Type::u32;
    case Type::s16: return Type::s32;
    case Type::u32: return Type::u64;
    case Type::s32: return Type::s64;
    default: return Type::none;
  }
}

Handler wide(Type type, bool adds) {
  switch (type) {
    case Type::u16: return wideOf<uint16_t>(adds);
    case Type::s16: return wideOf<int16_t>(adds);
    case Type::u32: return wideOf<uint32_t>(adds);
    case Type::s32: return wideOf<int32_t>(adds);
    default: return nullptr;
  }
}

void product(Decoder& d, Instruction& out) {
  bool adds = d.opcode() == "mad";
  std::string part = d.takeAny();
  Type type = d.type(), result = type;
  if (part == "wide") {
    out.handler = wide(type, adds);
    result = doubled(type);
  } else if (part == "lo") {
    out.handler = adds ? multiplyAdd(type) : two<MulLo>(type);
  } else if (part == "hi" && !adds) {
    out.handler = two<MulHi>(type);
  }
  if (!out.handler) d.unknown();
  d.endOfWords();
  d.operands(adds ? 4 : 3);
  out.to = d.destination(0, result);
  out.from[0] = d.source(1, type);
  out.from[1] = d.source(2, type);
  if (adds) out.from[2] = d.source(3, result);
}

}  // namespace

bool decodeInteger(Decoder& d, Instruction& out) {
  const std::string& name = d.opcode();
  if (isFloat(typeNamed(d.statement().words.back()))) return false;
  if (name == "mul" || name == "mad") {
    product(d, out);
    return true;
  }
  using Selector = Handler (*)(Type);
  struct Operation {
    const char* name;
    unsigned operands;
    Selector selector;
  };
  static const Operation operations[] = {
      {"add", 2, two<Add>}, {"sub", 2, two<Sub>},        {"min", 2, two<Min>},       {"max", 2, two<Max>},
      {"neg", 1, one<Neg>}, {"abs", 1, one<Abs>}, {"div", 2, division<false>}, {"rem", 2, division<true>},
  };
  for (const Operation& operation : operations) {
    if (name != operation.name) continue;
    Type type = d.type();
    d.endOfWords();
    out.handler = operation.selector(type);
    if (!out.handler) d.unknown();
    d.operands(operation.operands + 1);
    out.to = d.destination(0, type);
    for (unsigned i = 0; i < operation.operands; i++) out.from[i] = d.source(i + 1, type);
    return true;
  }
  return false;
}

}  // namespace ptxvm
