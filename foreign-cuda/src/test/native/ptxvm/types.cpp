#include "types.hpp"

namespace ptxvm {

namespace {
constexpr const char* names[] = {"none", "pred", "b8",  "b16", "b32", "b64", "u8",  "u16",
                                 "u32",  "u64",  "s8",  "s16", "s32", "s64", "f32", "f64"};
constexpr unsigned sizes[] = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
}  // namespace

Type typeNamed(const std::string& name) {
  for (unsigned i = 1; i < 16; i++) {
    if (name == names[i]) return static_cast<Type>(i);
  }
  return Type::none;
}

std::string nameOf(Type type) { return names[static_cast<unsigned>(type)]; }

unsigned bytesOf(Type type) { return sizes[static_cast<unsigned>(type)]; }

bool isFloat(Type type) { return type == Type::f32 || type == Type::f64; }

bool isSigned(Type type) { return type >= Type::s8 && type <= Type::s64; }

bool isUntyped(Type type) { return type >= Type::b8 && type <= Type::b64; }

}  // namespace ptxvm
