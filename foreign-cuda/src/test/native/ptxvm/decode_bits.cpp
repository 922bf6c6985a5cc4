// Logic, shifts, bit counts and fields.
#include <algorithm>

#include "lanes.hpp"
#include "statement.hpp"

namespace ptxvm {

namespace {

struct And { template <class T> static T of(T a, T b) { return static_cast<T>(a & b); } };
struct Or { template <class T> static T of(T a, T b) { return static_cast<T>(a | b); } };
struct Xor { template <class T> static T of(T a, T b) { return static_cast<T>(a ^ b); } };
struct Not { template <class T> static T of(T a) { return static_cast<T>(~a); } };

// Shifts by the width or more give what as many single shifts would.
struct Shl { template <class T> static T of(T a, uint32_t n) { return n >= 8 * sizeof(T) ? T(0) : static_cast<T>(a << n); } };
struct Shr {
  template <class T>
  static T of(T a, uint32_t n) {
    constexpr uint32_t width = 8 * sizeof(T);
    if (n >= width) return a < 0 ? static_cast<T>(-1) : T(0);
    return static_cast<T>(a >> n);
  }
};

struct CountOnes { template <class T> static uint32_t of(T a) { return static_cast<uint32_t>(__builtin_popcountll(a)); } };
struct LeadingZeros {
  static uint32_t of(uint32_t a) { return a ? static_cast<uint32_t>(__builtin_clz(a)) : 32; }
  static uint32_t of(uint64_t a) { return a ? static_cast<uint32_t>(__builtin_clzll(a)) : 64; }
};
struct Reverse {
  template <class T>
  static T of(T a) {
    T result = 0;
    for (unsigned i = 0; i < 8 * sizeof(T); i++) result = static_cast<T>(result << 1 | (a >> i & 1));
    return result;
  }
};

// The upper or lower half of a pair of words, shifted.
template <bool left, bool wraps>
struct Funnel {
  static uint32_t of(uint32_t low, uint32_t high, uint32_t amount) {
    uint32_t n = wraps ? amount & 31 : std::min(amount, 32u);
    uint64_t both = uint64_t{high} << 32 | low;
    return left ? static_cast<uint32_t>(both << n >> 32) : static_cast<uint32_t>(both >> n);
  }
};

// A field of c bits from bit b on; the signed form extends its top bit.
template <class T>
void extract(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t *a = g.row(i.from[0]), *b = g.row(i.from[1]), *c = g.row(i.from[2]);
  constexpr unsigned width = 8 * sizeof(T), top = width - 1;
  using U = std::make_unsigned_t<T>;
  g.each([=](uint32_t t) {
    U value = unpack<U>(a[t]);
    unsigned at = b[t] & 0xFF, length = c[t] & 0xFF;
    bool sign = std::is_signed_v<T> && length != 0 && (value >> std::min(at + length - 1, top) & 1);
    U result = 0;
    for (unsigned bit = 0; bit < width; bit++) {
      bool one = bit < length && at + bit <= top ? value >> (at + bit) & 1 : sign;
      result = static_cast<U>(result | U(one) << bit);
    }
    d[t] = pack<U>(result);
  });
}

template <class T>
void insert(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t *a = g.row(i.from[0]), *b = g.row(i.from[1]), *c = g.row(i.from[2]), *e = g.row(i.from[3]);
  g.each([=](uint32_t t) {
    T field = unpack<T>(a[t]), result = unpack<T>(b[t]);
    unsigned at = c[t] & 0xFF, length = e[t] & 0xFF;
    for (unsigned bit = 0; bit < length && at + bit < 8 * sizeof(T); bit++) {
      T mask = static_cast<T>(T(1) << (at + bit));
      result = static_cast<T>((field >> bit & 1) ? result | mask : result & ~mask);
    }
    d[t] = pack<T>(result);
  });
}

// Four bytes chosen out of eight; bit 3 of a selector spreads the byte's sign.
struct Permute {
  static uint32_t of(uint32_t a, uint32_t b, uint32_t selectors) {
    uint64_t bytes = uint64_t{b} << 32 | a;
    uint32_t result = 0;
    for (unsigned i = 0; i < 4; i++) {
      unsigned selector = selectors >> (4 * i) & 0xF;
      uint32_t byte = bytes >> (8 * (selector & 7)) & 0xFF;
      if (selector & 8) byte = byte & 0x80 ? 0xFF : 0;
      result |= byte << (8 * i);
    }
    return result;
  }
};

template <class F> Handler logic(Type type) {
  switch (type) {
    case Type::pred: return binary<uint8_t, uint8_t, uint8_t, F>;
    case Type::b16: return binary<uint16_t, uint16_t, uint16_t, F>;
    case Type::b32: return binary<uint32_t, uint32_t, uint32_t, F>;
    case Type::b64: return binary<uint64_t, uint64_t, uint64_t, F>;
    default: return nullptr;
  }
}

Handler complement(Type type) {
  switch (type) {
    case Type::pred: return unary<uint8_t, uint8_t, Not>;
    case Type::b16: return unary<uint16_t, uint16_t, Not>;
    case Type::b32: return unary<uint32_t, uint32_t, Not>;
    case Type::b64: return unary<uint64_t, uint64_t, Not>;
    default: return nullptr;
  }
}

Handler shift(bool left, Type type) {
  switch (type) {
    case Type::b16: return left ? Handler(binary<uint16_t, uint16_t, uint32_t, Shl>) : Handler(binary<uint16_t, uint16_t, uint32_t, Shr>);
    case Type::b32: return left ? Handler(binary<uint32_t, uint32_t, uint32_t, Shl>) : Handler(binary<uint32_t, uint32_t, uint32_t, Shr>);
    case Type::b64: return left ? Handler(binary<uint64_t, uint64_t, uint32_t, Shl>) : Handler(binary<uint64_t, uint64_t, uint32_t, Shr>);
    case Type::u16: return left ? nullptr : Handler(binary<uint16_t, uint16_t, uint32_t, Shr>);
    case Type::u32: return left ? nullptr : Handler(binary<uint32_t, uint32_t, uint32_t, Shr>);
    case Type::u64: return left ? nullptr : Handler(binary<uint64_t, uint64_t, uint32_t, Shr>);
    case Type::s16: return left ? nullptr : Handler(binary<int16_t, int16_t, uint32_t, Shr>);
    case Type::s32: return left ? nullptr : Handler(binary<int32_t, int32_t, uint32_t, Shr>);
    case Type::s64: return left ? nullptr : Handler(binary<int64_t, int64_t, uint32_t, Shr>);
    default: return nullptr;
  }
}

template <class F> Handler count(Type type) {
  return type == Type::b32 ? Handler(unary<uint32_t, uint32_t, F>)
         : type == Type::b64 ? Handler(unary<uint32_t, uint64_t, F>) : nullptr;
}

Handler reverse(Type type) {
  return type == Type::b32 ? Handler(unary<uint32_t, uint32_t, Reverse>)
         : type == Type::b64 ? Handler(unary<uint64_t, uint64_t, Reverse>) : nullptr;
}

Handler field(Type type) {
  switch (type) {
    case Type::u32: return extract<uint32_t>;
    case Type::u64: return extract<uint64_t>;
    case Type::s32: return extract<int32_t>;
    case Type::s64: return extract<int64_t>;
    default: return nullptr;
  }
}

Handler insertion(Type type) {
  return type == Type::b32 ? Handler(insert<uint32_t>) : type == Type::b64 ? Handler(insert<uint64_t>) : nullptr;
}

Handler permutation(Type type) {
  return type == Type::b32 ? Handler(ternary<uint32_t, uint32_t, uint32_t, Permute>) : nullptr;
}

Handler funnel(bool left, bool wraps) {
  return left ? (wraps ? Handler(ternary<uint32_t, uint32_t, uint32_t, Funnel<true, true>>)
                       : Handler(ternary<uint32_t, uint32_t, uint32_t, Funnel<true, false>>))
              : (wraps ? Handler(ternary<uint32_t, uint32_t, uint32_t, Funnel<false, true>>)
                       : Handler(ternary<uint32_t, uint32_t, uint32_t, Funnel<false, false>>));
}

}  // namespace

bool decodeBits(Decoder& d, Instruction& out) {
  const std::string& name = d.opcode();
  if (name == "shf") {
    bool left = d.take("l");
    if (!left && !d.take("r")) d.unknown();
    bool wraps = d.take("wrap");
    if ((!wraps && !d.take("clamp")) || d.type() != Type::b32) d.unknown();
    d.endOfWords();
    d.operands(4);
    out.handler = funnel(left, wraps);
    out.to = d.destination(0, Type::b32);
    for (unsigned i = 0; i < 3; i++) out.from[i] = d.source(i + 1, Type::b32);
    return true;
  }
  // What each operand is: t the type, w a word of 32 bits. The first is the destination.
  struct Operation {
    const char* name;
    const char* operands;
    Handler (*selector)(Type);
  };
  static const Operation operations[] = {
      {"and", "ttt", logic<And>},       {"or", "ttt", logic<Or>},   {"xor", "ttt", logic<Xor>},
      {"not", "tt", complement},        {"popc", "wt", count<CountOnes>}, {"clz", "wt", count<LeadingZeros>},
      {"brev", "tt", reverse},          {"bfe", "ttww", field},     {"bfi", "tttww", insertion},
      {"prmt", "tttt", permutation},    {"shl", "ttw", [](Type type) { return shift(true, type); }},
      {"shr", "ttw", [](Type type) { return shift(false, type); }},
  };
  for (const Operation& operation : operations) {
    if (name != operation.name) continue;
    Type type = d.type();
    d.endOfWords();
    out.handler = operation.selector(type);
    if (!out.handler) d.unknown();
    size_t count = std::strlen(operation.operands);
    d.operands(count);
    auto typeOf = [&](size_t i) { return operation.operands[i] == 't' ? type : Type::b32; };
    out.to = d.destination(0, typeOf(0));
    for (size_t i = 1; i < count; i++) out.from[i - 1] = d.source(i, typeOf(i));
    return true;
  }
  return false;
}

}  // namespace ptxvm
