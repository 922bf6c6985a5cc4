#include "statement.hpp"

#include "lexer.hpp"

namespace ptxvm {

void Rows::declare(const std::string& name, Type type, uint32_t line) {
  if (!registers_.emplace(name, Register{kernel_.rows, type}).second) {
    Lexer::fail("a register must be declared once: register=" + name, line);
  }
  kernel_.rows++;
  kernel_.declaredRows = kernel_.rows;
}

bool Rows::find(const std::string& name, uint32_t& row, Type& type) const {
  auto entry = registers_.find(name);
  if (entry == registers_.end()) return false;
  row = entry->second.row;
  type = entry->second.type;
  return true;
}

uint32_t Rows::constant(uint64_t value) {
  auto [entry, added] = constantRows_.emplace(value, kernel_.rows);
  if (added) kernel_.constants[kernel_.rows++] = value;
  return entry->second;
}

uint32_t Rows::special(Special which) {
  auto [entry, added] = specialRows_.emplace(which, kernel_.rows);
  if (added) kernel_.specials[kernel_.rows++] = which;
  return entry->second;
}

bool Decoder::take(const char* word) {
  if (next_ >= statement_.words.size() || statement_.words[next_] != word) return false;
  next_++;
  return true;
}

std::string Decoder::takeAny() {
  if (next_ >= statement_.words.size()) unknown();
  return statement_.words[next_++];
}

Type Decoder::type() {
  std::string name = takeAny();
  Type type = typeNamed(name);
  if (type == Type::none) fail("the modifier or type must be a known exact one: part=." + name);
  return type;
}

void Decoder::endOfWords() const {
  if (next_ != statement_.words.size()) {
    fail("the modifier must be a known one: part=." + statement_.words[next_]);
  }
}

void Decoder::operands(size_t count) const {
  if (statement_.operands.size() != count) {
    fail("the count of operands must fit: expected=" + std::to_string(count) +
         ", given=" + std::to_string(statement_.operands.size()));
  }
}

void Decoder::checkRegister(const Operand& operand, Type type, bool wider) const {
  Type given = operand.type;
  bool sameClass = given == type || (given != Type::pred && type != Type::pred &&
                                     (isUntyped(given) || isUntyped(type) || isFloat(given) == isFloat(type)));
  unsigned have = bytesOf(given), need = bytesOf(type);
  if (!sameClass || !(have == need || (wider && have > need))) {
    fail("the type of the register must fit: register=" + operand.name + ", declared=." + nameOf(given) +
         ", used=." + nameOf(type));
  }
}

uint32_t Decoder::destination(const Operand& operand, Type type, bool wider) {
  if (operand.kind != Operand::reg || operand.negated) fail("the destination must be a register");
  checkRegister(operand, type, wider);
  return operand.row;
}

uint32_t Decoder::source(const Operand& operand, Type type, bool wider) {
  if (operand.negated) fail("only the predicate of a setp can be negated");
  switch (operand.kind) {
    case Operand::reg:
      checkRegister(operand, type, wider);
      return operand.row;
    case Operand::integer:
      if (isFloat(type)) fail("a float operand must be a 0f or 0d literal");
      if (type == Type::pred && operand.bits > 1) fail("a predicate must be 0 or 1");
      return rows_.constant(operand.bits);
    case Operand::real:
      if (operand.type != type) fail("the literal must have the type of the instruction");
      return rows_.constant(operand.bits);
    case Operand::special:
      if (bytesOf(type) != 4 || isFloat(type)) fail("a special register must be read as 32 bits");
      return rows_.special(static_cast<Special>(operand.bits));
    default:
      fail("the operand must be a register or a literal: operand=" + operand.name);
  }
}

uint32_t Decoder::address(size_t index, Space space, Instruction& out) {
  const Operand& whole = operand(index);
  if (whole.kind != Operand::address) fail("an address must be in brackets");
  out.offset = whole.offset;
  const Operand& base = whole.parts[0];
  if (base.kind == Operand::symbol) {
    if (base.symbolValue.space != space) {
      fail("the state space must be that of the variable: variable=" + base.name);
    }
    return rows_.constant(base.symbolValue.address);
  }
  if (base.kind == Operand::reg && bytesOf(base.type) == 4 && space != Space::generic &&
      space != Space::global && space != Space::constant) {
    out.detail |= 1;  // a 32-bit address
    return source(base, Type::b32);
  }
  return source(base, Type::b64);
}

void Decoder::fail(const std::string& rule) const {
  const char* separator = rule.find(": ") == std::string::npos ? ": " : ", ";
  throw Error(invalidPtx, rule + separator + "line=" + std::to_string(statement_.line) + ", text=" + statement_.text);
}

void Decoder::unknown() const {
  throw Error(invalidPtx, "the instruction must be one that the interpreter knows to be exact: line=" +
                              std::to_string(statement_.line) + ", text=" + statement_.text);
}

}  // namespace ptxvm
