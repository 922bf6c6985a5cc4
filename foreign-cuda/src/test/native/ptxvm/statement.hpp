// One PTX statement between the text and the instruction, and what decoders need to turn it into one.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "program.hpp"

namespace ptxvm {

struct Symbol {
  Space space = Space::generic;
  uint64_t address = 0;
};

struct Operand {
  enum Kind { reg, integer, real, special, symbol, vector, address, label } kind = integer;
  Type type = Type::none;  // of a register, or f32 / f64 of a real literal
  uint32_t row = 0;
  uint64_t bits = 0;
  bool negated = false;
  Symbol symbolValue;
  std::string name;
  std::vector<Operand> parts;  // of a vector; the base of an address
  int64_t offset = 0;
};

struct Statement {
  std::vector<std::string> words;  // the parts of the opcode between the dots
  std::vector<Operand> operands;
  uint32_t line = 0;
  std::string text;
};

// The registers and symbols of the kernel being loaded; hands out rows.
class Rows {
 public:
  explicit Rows(Kernel& kernel) : kernel_(kernel) {}
  void declare(const std::string& name, Type type, uint32_t line);
  bool find(const std::string& name, uint32_t& row, Type& type) const;
  uint32_t constant(uint64_t value);
  uint32_t special(Special which);

 private:
  struct Register {
    uint32_t row;
    Type type;
  };
  Kernel& kernel_;
  std::map<std::string, Register> registers_;
  std::map<uint64_t, uint32_t> constantRows_;
  std::map<Special, uint32_t> specialRows_;
};

// Reads the opcode's parts from left to right and its operands; what is not asked for is an error.
class Decoder {
 public:
  Decoder(const Statement& statement, Rows& rows) : statement_(statement), rows_(rows) {}

  const std::string& opcode() const { return statement_.words[0]; }
  const Statement& statement() const { return statement_; }
  bool take(const char* word);
  std::string takeAny();
  Type type();
  void endOfWords() const;
  void operands(size_t count) const;
  const Operand& operand(size_t index) const { return statement_.operands[index]; }

  uint32_t destination(size_t index, Type type) { return destination(operand(index), type); }
  uint32_t destination(const Operand& operand, Type type, bool wider = false);
  uint32_t source(size_t index, Type type) { return source(operand(index), type); }
  uint32_t source(const Operand& operand, Type type, bool wider = false);
  uint32_t constant(uint64_t value) { return rows_.constant(value); }

  // The base row of an address operand; its offset goes to the instruction.
  uint32_t address(size_t index, Space space, Instruction& out);

  [[noreturn]] void fail(const std::string& rule) const;
  [[noreturn]] void unknown() const;

 private:
  void checkRegister(const Operand& operand, Type type, bool wider) const;
  const Statement& statement_;
  Rows& rows_;
  size_t next_ = 1;
};

// Each decodes the opcodes of its family; false when the opcode is none of them.
bool decodeFloat(Decoder& d, Instruction& out);
bool decodeInteger(Decoder& d, Instruction& out);
bool decodeBits(Decoder& d, Instruction& out);
bool decodeCompare(Decoder& d, Instruction& out);
bool decodeConvert(Decoder& d, Instruction& out);
bool decodeMove(Decoder& d, Instruction& out);
bool decodeAccess(Decoder& d, Instruction& out);
bool decodeAtomic(Decoder& d, Instruction& out);
bool decodeControl(Decoder& d, Instruction& out);

}  // namespace ptxvm
