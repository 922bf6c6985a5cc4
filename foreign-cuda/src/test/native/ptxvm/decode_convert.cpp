// cvt: integers and floats into each other.
#include <cmath>
#include <limits>

#include "lanes.hpp"
#include "statement.hpp"

namespace ptxvm {

namespace {

// Integer to integer: cut or extended. To a wider register the result is extended further.
template <class R, class A>
void integers(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  g.each([=](uint32_t t) { d[t] = static_cast<uint64_t>(static_cast<R>(unpack<A>(a[t]))); });
}

template <class R, class A>
void toFloat(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  g.each([=](uint32_t t) {
    R value = static_cast<R>(unpack<A>(a[t]));
    d[t] = std::isnan(value) ? (sizeof(R) == 4 ? 0x7FFFFFFF : 0x7FF8'0000'0000'0000) : pack<R>(value);
  });
}

enum Rounding : uint32_t { nearest, zero, down, up };

template <class A> A rounded(A value, uint32_t rounding) {
  switch (rounding) {
    case nearest: return std::nearbyint(value);
    case zero: return std::trunc(value);
    case down: return std::floor(value);
    default: return std::ceil(value);
  }
}

// Out of range saturates; a NaN becomes 0, or the top bit alone when 64 bits are involved.
template <class R, class A>
void toInteger(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  uint32_t rounding = i.detail;
  g.each([=](uint32_t t) {
    using Limits = std::numeric_limits<R>;
    A value = rounded(unpack<A>(a[t]), rounding);
    R result;
    if (std::isnan(value)) {
      result = sizeof(R) == 8 || sizeof(A) == 8 ? static_cast<R>(uint64_t{1} << (8 * sizeof(R) - 1)) : R(0);
    } else if (value < static_cast<A>(Limits::min())) {
      result = Limits::min();
    } else if (value >= std::ldexp(A(1), Limits::digits)) {
      result = Limits::max();
    } else {
      result = static_cast<R>(value);
    }
    d[t] = pack<R>(result);
  });
}

template <class A>
void roundInPlace(Group& g, const Instruction& i) {
  uint64_t* d = g.row(i.to);
  const uint64_t* a = g.row(i.from[0]);
  uint32_t rounding = i.detail;
  g.each([=](uint32_t t) { d[t] = pack<A>(rounded(unpack<A>(a[t]), rounding)); });
}

template <class R> Handler integerFrom(Type from) {
  switch (from) {
    case Type::u8: return integers<R, uint8_t>;
    case Type::u16: return integers<R, uint16_t>;
    case Type::u32: return integers<R, uint32_t>;
    case Type::u64: return integers<R, uint64_t>;
    case Type::s8: return integers<R, int8_t>;
    case Type::s16: return integers<R, int16_t>;
    case Type::s32: return integers<R, int32_t>;
    case Type::s64: return integers<R, int64_t>;
    default: return nullptr;
  }
}

Handler integerTo(Type to, Type from) {
  switch (to) {
    case Type::u8: return integerFrom<uint8_t>(from);
    case Type::u16: return integerFrom<uint16_t>(from);
    case Type::u32: return integerFrom<uint32_t>(from);
    case Type::u64: return integerFrom<uint64_t>(from);
    case Type::s8: return integerFrom<int8_t>(from);
    case Type::s16: return integerFrom<int16_t>(from);
    case Type::s32: return integerFrom<int32_t>(from);
    case Type::s64: return integerFrom<int64_t>(from);
    default: return nullptr;
  }
}

template <class R> Handler floatFrom(Type from) {
  switch (from) {
    case Type::u8: return toFloat<R, uint8_t>;
    case Type::u16: return toFloat<R, uint16_t>;
    case Type::u32: return toFloat<R, uint32_t>;
    case Type::u64: return toFloat<R, uint64_t>;
    case Type::s8: return toFloat<R, int8_t>;
    case Type::s16: return toFloat<R, int16_t>;
    case Type::s32: return toFloat<R, int32_t>;
    case Type::s64: return toFloat<R, int64_t>;
    case Type::f32: return toFloat<R, float>;
    case Type::f64: return toFloat<R, double>;
    default: return nullptr;
  }
}

template <class A> Handler integerOfFloat(Type to) {
  switch (to) {
    case Type::u16: return toInteger<uint16_t, A>;
    case Type::u32: return toInteger<uint32_t, A>;
    case Type::u64: return toInteger<uint64_t, A>;
    case Type::s16: return toInteger<int16_t, A>;
    case Type::s32: return toInteger<int32_t, A>;
    case Type::s64: return toInteger<int64_t, A>;
    default: return nullptr;
  }
}

bool takeIntegralRounding(Decoder& d, uint32_t& rounding) {
  if (d.take("rni")) rounding = nearest;
  else if (d.take("rzi")) rounding = zero;
  else if (d.take("rmi")) rounding = down;
  else if (d.take("rpi")) rounding = up;
  else return false;
  return true;
}

}  // namespace

bool decodeConvert(Decoder& d, Instruction& out) {
  if (d.opcode() != "cvt") return false;
  bool rn = d.take("rn");
  bool integral = !rn && takeIntegralRounding(d, out.detail);
  Type to = d.type(), from = d.type();
  d.endOfWords();
  if (isFloat(to)) {
    bool widens = to == Type::f64 && from == Type::f32;
    if (to == from && integral) {
      out.handler = to == Type::f32 ? Handler(roundInPlace<float>) : Handler(roundInPlace<double>);
    } else if (to != from && !integral && rn != widens) {
      out.handler = to == Type::f32 ? floatFrom<float>(from) : floatFrom<double>(from);
    }
  } else if (isFloat(from)) {
    if (integral) out.handler = from == Type::f32 ? integerOfFloat<float>(to) : integerOfFloat<double>(to);
  } else if (!rn && !integral) {
    out.handler = integerTo(to, from);
  }
  if (!out.handler) d.unknown();
  d.operands(2);
  out.to = d.destination(d.operand(0), to, !isFloat(to) && !isFloat(from));
  out.from[0] = d.source(d.operand(1), from, !isFloat(from));
  return true;
}

}  // namespace ptxvm
