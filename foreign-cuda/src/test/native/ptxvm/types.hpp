// The errors, types and state spaces of PTX that the interpreter knows.
#pragma once
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace ptxvm {

// Codes are those of cudaError_t, so that a runtime can pass them on.
enum Code : int {
  invalidValue = 1,
  invalidConfiguration = 9,
  invalidPtx = 218,
  illegalAddress = 700,
  outOfResources = 701,
  launchTimeout = 702,
  misalignedAddress = 716,
  launchFailure = 719,
};

struct Error : std::runtime_error {
  int code;
  Error(int status, const std::string& message) : std::runtime_error(message), code(status) {}
};

enum class Type : uint8_t {
  none, pred, b8, b16, b32, b64, u8, u16, u32, u64, s8, s16, s32, s64, f32, f64
};

enum class Space : uint8_t { generic, global, shared, local, param, constant };

// The type of that name, or none.
Type typeNamed(const std::string& name);
std::string nameOf(Type type);
unsigned bytesOf(Type type);
bool isFloat(Type type);
bool isSigned(Type type);
bool isUntyped(Type type);

// Registers are cells of 64 bits; bits above the width of the type have no meaning.
template <class T>
inline T unpack(uint64_t cell) {
  T value;
  std::memcpy(&value, &cell, sizeof value);
  return value;
}

template <class T>
inline uint64_t pack(T value) {
  uint64_t cell = 0;
  std::memcpy(&cell, &value, sizeof value);
  return cell;
}

}  // namespace ptxvm
