// setp and selp.
#include <cmath>

#include "lanes.hpp"
#include "statement.hpp"

namespace ptxvm {

namespace {

struct Lt { template <class T> static bool of(T a, T b) { return a < b; } };
struct Le { template <class T> static bool of(T a, T b) { return a <= b; } };
struct Gt { template <class T> static bool of(T a, T b) { return a > b; } };
struct Ge { template <class T> static bool of(T a, T b) { return a >= b; } };
struct Eq { template <class T> static bool of(T a, T b) { return a == b; } };
struct Ne { template <class T> static bool of(T a, T b) { return a != b; } };

template <class T> bool unordered(T a, T b) { return std::isnan(a) || std::isnan(b); }

// False with a NaN, or true with one.
template <class C> struct Ordered { template <class T> static bool of(T a, T b) { return !unordered(a, b) && C::of(a, b); } };
template <class C> struct OrNan { template <class T> static bool of(T a, T b) { return unordered(a, b) || C::of(a, b); } };
struct AnyNan { template <class T> static bool of(T a, T b) { return unordered(a, b); } };
struct Numbers { template <class T> static bool of(T a, T b) { return !unordered(a, b); } };

enum Combine : uint32_t { alone = 0, conjunction = 1, disjunction = 2, exclusive = 3, negatedThird = 4 };

template <class T, class C>
void compare(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t *a = g.row(i.from[0]), *b = g.row(i.from[1]);
  if (i.detail == alone) {
    g.each([=](uint32_t t) { d[t] = C::of(unpack<T>(a[t]), unpack<T>(b[t])); });
    return;
  }
  const uint64_t* c = g.row(i.from[2]);
  uint32_t combine = i.detail & 3, flip = i.detail & negatedThird ? 1 : 0;
  g.each([=](uint32_t t) {
    uint64_t result = C::of(unpack<T>(a[t]), unpack<T>(b[t])), third = (c[t] & 1) ^ flip;
    d[t] = combine == conjunction ? result & third : combine == disjunction ? result | third : result ^ third;
  });
}

template <class T> Handler ofInteger(const std::string& c, bool isSigned, bool untyped) {
  if (c == "eq") return compare<T, Eq>;
  if (c == "ne") return compare<T, Ne>;
  if (untyped) return nullptr;
  if (c == "lt" || (!isSigned && c == "lo")) return compare<T, Lt>;
  if (c == "le" || (!isSigned && c == "ls")) return compare<T, Le>;
  if (c == "gt" || (!isSigned && c == "hi")) return compare<T, Gt>;
  if (c == "ge" || (!isSigned && c == "hs")) return compare<T, Ge>;
  return nullptr;
}

template <class T> Handler ofFloat(const std::string& c) {
  if (c == "eq") return compare<T, Ordered<Eq>>;
  if (c == "ne") return compare<T, Ordered<Ne>>;
  if (c == "lt") return compare<T, Ordered<Lt>>;
  if (c == "le") return compare<T, Ordered<Le>>;
  if (c == "gt") return compare<T, Ordered<Gt>>;
  if (c == "ge") return compare<T, Ordered<Ge>>;
  if (c == "equ") return compare<T, OrNan<Eq>>;
  if (c == "neu") return compare<T, OrNan<Ne>>;
  if (c == "ltu") return compare<T, OrNan<Lt>>;
  if (c == "leu") return compare<T, OrNan<Le>>;
  if (c == "gtu") return compare<T, OrNan<Gt>>;
  if (c == "geu") return compare<T, OrNan<Ge>>;
  if (c == "nan") return compare<T, AnyNan>;
  if (c == "num") return compare<T, Numbers>;
  return nullptr;
}

Handler comparison(const std::string& c, Type type) {
  switch (type) {
    case Type::u16: return ofInteger<uint16_t>(c, false, false);
    case Type::u32: return ofInteger<uint32_t>(c, false, false);
    case Type::u64: return ofInteger<uint64_t>(c, false, false);
    case Type::s16: return ofInteger<int16_t>(c, true, false);
    case Type::s32: return ofInteger<int32_t>(c, true, false);
    case Type::s64: return ofInteger<int64_t>(c, true, false);
    case Type::b16: return ofInteger<uint16_t>(c, false, true);
    case Type::b32: return ofInteger<uint32_t>(c, false, true);
    case Type::b64: return ofInteger<uint64_t>(c, false, true);
    case Type::f32: return ofFloat<float>(c);
    case Type::f64: return ofFloat<double>(c);
    default: return nullptr;
  }
}

void choose(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t *a = g.row(i.from[0]), *b = g.row(i.from[1]), *p = g.row(i.from[2]);
  g.each([=](uint32_t t) { d[t] = p[t] & 1 ? a[t] : b[t]; });
}

}  // namespace

bool decodeCompare(Decoder& d, Instruction& out) {
  if (d.opcode() == "selp") {
    Type type = d.type();
    d.endOfWords();
    d.operands(4);
    if (bytesOf(type) < 2) d.unknown();
    out.handler = choose;
    out.to = d.destination(0, type);
    out.from[0] = d.source(1, type);
    out.from[1] = d.source(2, type);
    out.from[2] = d.source(3, Type::pred);
    return true;
  }
  if (d.opcode() != "setp") return false;
  std::string how = d.takeAny();
  out.detail = d.take("and") ? conjunction : d.take("or") ? disjunction : d.take("xor") ? exclusive : alone;
  Type type = d.type();
  d.endOfWords();
  out.handler = comparison(how, type);
  if (!out.handler) d.unknown();
  d.operands(out.detail == alone ? 3 : 4);
  out.to = d.destination(0, Type::pred);
  out.from[0] = d.source(1, type);
  out.from[1] = d.source(2, type);
  if (out.detail != alone) {
    Operand third = d.operand(3);
    if (third.negated) out.detail |= negatedThird;
    third.negated = false;
    out.from[2] = d.source(third, Type::pred);
  }
  return true;
}

}  // namespace ptxvm
