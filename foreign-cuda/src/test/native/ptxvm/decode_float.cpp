// Arithmetic of f32 and f64: IEEE 754, rounded to nearest even, subnormals kept.
#include <cmath>

#include "lanes.hpp"
#include "statement.hpp"

namespace ptxvm {

namespace {

// PTX gives one canonical NaN for f32; for f64 the choice is ours.
inline float canonical(float x) { return std::isnan(x) ? unpack<float>(0x7FFFFFFF) : x; }
inline double canonical(double x) { return std::isnan(x) ? unpack<double>(0x7FF8'0000'0000'0000) : x; }

struct Add { template <class T> static T of(T a, T b) { return canonical(a + b); } };
struct Sub { template <class T> static T of(T a, T b) { return canonical(a - b); } };
struct Mul { template <class T> static T of(T a, T b) { return canonical(a * b); } };
struct Div { template <class T> static T of(T a, T b) { return canonical(a / b); } };
struct Fma { template <class T> static T of(T a, T b, T c) { return canonical(std::fma(a, b, c)); } };
struct Sqrt { template <class T> static T of(T a) { return canonical(std::sqrt(a)); } };
struct Rcp { template <class T> static T of(T a) { return canonical(T(1) / a); } };
struct Neg { template <class T> static T of(T a) { return -a; } };
struct Abs { template <class T> static T of(T a) { return std::fabs(a); } };

// The result has the sign of the first operand and the magnitude of the second.
struct CopySign { template <class T> static T of(T a, T b) { return std::copysign(b, a); } };

// A NaN beside a number is dropped; -0 is less than +0.
struct Min {
  template <class T>
  static T of(T a, T b) {
    if (std::isnan(a) || std::isnan(b)) return canonical(std::isnan(a) ? b : a);
    if (a == b) return std::signbit(a) ? a : b;
    return a < b ? a : b;
  }
};
struct Max {
  template <class T>
  static T of(T a, T b) {
    if (std::isnan(a) || std::isnan(b)) return canonical(std::isnan(a) ? b : a);
    if (a == b) return std::signbit(a) ? b : a;
    return a > b ? a : b;
  }
};

struct Operation {
  const char* name;
  unsigned operands;
  bool rounds;
  Handler f32, f64;
};

template <class F> Operation one(const char* name, bool rounds) {
  return {name, 1, rounds, unary<float, float, F>, unary<double, double, F>};
}
template <class F> Operation two(const char* name, bool rounds) {
  return {name, 2, rounds, binary<float, float, float, F>, binary<double, double, double, F>};
}

const Operation operations[] = {
    two<Add>("add", true),   two<Sub>("sub", true),   two<Mul>("mul", true),     two<Div>("div", true),
    two<Min>("min", false),  two<Max>("max", false),  one<Sqrt>("sqrt", true),   one<Rcp>("rcp", true),
    one<Neg>("neg", false),  one<Abs>("abs", false),  two<CopySign>("copysign", false),
    {"fma", 3, true, ternary<float, float, float, Fma>, ternary<double, double, double, Fma>},
};

}  // namespace

bool decodeFloat(Decoder& d, Instruction& out) {
  if (!isFloat(typeNamed(d.statement().words.back()))) return false;
  for (const Operation& operation : operations) {
    if (d.opcode() != operation.name) continue;
    // Without .rn a compiler of PTX may fuse: only the explicit form is exact.
    if (operation.rounds && !d.take("rn")) d.fail("the rounding must be .rn");
    Type type = d.type();
    d.endOfWords();
    d.operands(operation.operands + 1);
    out.to = d.destination(0, type);
    for (unsigned i = 0; i < operation.operands; i++) out.from[i] = d.source(i + 1, type);
    out.handler = type == Type::f32 ? operation.f32 : operation.f64;
    return true;
  }
  return false;
}

}  // namespace ptxvm
