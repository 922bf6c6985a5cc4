// PTX after loading: kernels as arrays of instructions whose operands are rows of registers.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "types.hpp"

namespace ptxvm {

struct Group;
struct Instruction;
using Handler = void (*)(Group&, const Instruction&);

enum class Control : uint8_t { next, branch, barrier, leave, trap };

// Immediates, addresses of symbols and special registers are rows as well: every operand is a row.
struct Instruction {
  Handler handler = nullptr;
  Control control = Control::next;
  Space space = Space::generic;
  bool negated = false;  // the guard holds when its predicate is false
  uint8_t count = 1;     // elements of a vector access
  int32_t guard = -1;    // row of the guard predicate, or -1
  uint32_t target = 0;   // branch
  uint32_t to = 0;
  uint32_t from[4] = {};
  uint32_t vector[4] = {};
  int64_t offset = 0;
  uint32_t line = 0;
  uint32_t detail = 0;  // what else the handler needs
};

struct Parameter {
  std::string name;
  uint32_t offset, bytes, alignment;
};

enum class Special : uint8_t {
  tidX, tidY, tidZ, ntidX, ntidY, ntidZ, ctaidX, ctaidY, ctaidZ, nctaidX, nctaidY, nctaidZ, lane
};

struct Kernel {
  std::string name;
  std::vector<Parameter> parameters;
  std::vector<Instruction> code;
  uint32_t declaredRows = 0;
  uint32_t rows = 0;
  std::map<uint32_t, uint64_t> constants;  // row to value
  std::map<uint32_t, Special> specials;    // row to register
  uint32_t parameterBytes = 0;
  uint32_t sharedBytes = 0;
  uint32_t localBytes = 0;
  uint32_t maxThreads = 1024;
  std::shared_ptr<const std::vector<std::string>> lines;  // the PTX text, for messages

  const std::string& text(uint32_t line) const { return (*lines)[line - 1]; }
};

struct Module {
  int version = 0;  // 63 for .version 6.3
  int target = 0;   // 60 for .target sm_60
  std::map<std::string, Kernel> kernels;
};

// Gives bytes of device memory to a module's variable that starts with this content; returns the address.
using Place = std::function<uint64_t(const std::vector<uint8_t>& content)>;

// Loads PTX text. Throws Error(invalidPtx) with the line of whatever is not known to be exact.
Module load(const std::string& text, const Place& place);

}  // namespace ptxvm
