// Kernel bodies: registers, labels, statements and their operands.
#include <algorithm>

#include "loader.hpp"

namespace ptxvm {

void Loader::body(Kernel& kernel) {
  Rows rows(kernel);
  std::map<std::string, uint32_t> labels;
  std::vector<Branch> branches;
  for (int depth = 1; depth > 0;) {
    if (lexer_.takeIf("}")) {
      depth--;
    } else if (lexer_.takeIf("{")) {
      depth++;
    } else if (lexer_.takeIf(".reg")) {
      registers(rows);
    } else if (lexer_.peek().text == ".shared" || lexer_.peek().text == ".local") {
      std::string space = lexer_.word();
      variable(space, &kernel);
    } else if (lexer_.takeIf(".pragma")) {
      if (lexer_.take().text != "\"nounroll\"") lexer_.fail("the pragma must be \"nounroll\"");
      lexer_.expect(";");
    } else if (lexer_.takeIf(".loc")) {
      uint32_t line = lexer_.peek().line;
      while (!lexer_.atEnd() && lexer_.peek().line == line) lexer_.take();
    } else if (lexer_.peek(1).text == ":") {
      uint32_t line = lexer_.peek().line;
      std::string label = lexer_.word();
      lexer_.take();
      if (!labels.emplace(label, static_cast<uint32_t>(kernel.code.size())).second) {
        Lexer::fail("a label must be defined once: label=" + label, line);
      }
    } else {
      statement(kernel, rows, branches);
    }
  }
  for (const Branch& branch : branches) {
    auto label = labels.find(branch.label);
    if (label == labels.end()) Lexer::fail("the label must exist: label=" + branch.label, branch.line);
    kernel.code[branch.instruction].target = label->second;
  }
  Instruction end;  // a kernel without a last ret ends as well
  end.control = Control::leave;
  end.line = lexer_.peek().line;
  kernel.code.push_back(end);
}

void Loader::registers(Rows& rows) {
  uint32_t line = lexer_.peek().line;
  std::string typeWord = lexer_.word();
  Type type = typeNamed(typeWord.substr(1));
  if (typeWord[0] != '.' || type == Type::none || bytesOf(type) == (type == Type::pred ? 0u : 1u)) {
    Lexer::fail("the type must be a known one: token='" + typeWord + "'", line);
  }
  do {
    std::string name = lexer_.word();
    if (lexer_.takeIf("<")) {
      int64_t count = lexer_.integer();
      lexer_.expect(">");
      if (count < 0 || count > 100000) Lexer::fail("the count of registers must be sensible", line);
      for (int64_t i = 0; i < count; i++) rows.declare(name + std::to_string(i), type, line);
    } else {
      rows.declare(name, type, line);
    }
  } while (lexer_.takeIf(","));
  lexer_.expect(";");
}

void Loader::statement(Kernel& kernel, Rows& rows, std::vector<Branch>& branches) {
  Instruction out;
  Statement parsed;
  parsed.line = out.line = lexer_.peek().line;
  parsed.text = (*lines_)[parsed.line - 1];
  if (lexer_.takeIf("@")) {
    out.negated = lexer_.takeIf("!");
    Type type;
    uint32_t row;
    std::string name = lexer_.word();
    if (!rows.find(name, row, type) || type != Type::pred) lexer_.fail("a guard must be a predicate: register=" + name);
    out.guard = static_cast<int32_t>(row);
  }
  std::string whole = lexer_.word();
  for (size_t begin = 0; begin <= whole.size();) {
    size_t dot = std::min(whole.find('.', begin), whole.size());
    parsed.words.push_back(whole.substr(begin, dot - begin));
    begin = dot + 1;
  }
  bool branch = parsed.words[0] == "bra";
  while (!lexer_.takeIf(";")) {
    parsed.operands.push_back(operand(rows, branch));
    if (!lexer_.takeIf(",") && lexer_.peek().text != ";") lexer_.fail("',' or ';' must come here: token='" + lexer_.peek().text + "'");
  }
  Decoder d(parsed, rows);
  bool known = decodeControl(d, out) || decodeFloat(d, out) || decodeInteger(d, out) || decodeBits(d, out) ||
               decodeCompare(d, out) || decodeConvert(d, out) || decodeMove(d, out) || decodeAccess(d, out) ||
               decodeAtomic(d, out);
  if (!known) d.unknown();
  if (out.control == Control::branch) branches.push_back({kernel.code.size(), parsed.operands[0].name, parsed.line});
  kernel.code.push_back(out);
}

bool Loader::symbol(const std::string& name, Symbol& out) const {
  for (const Symbols* symbols : {&local_, &global_}) {
    auto entry = symbols->find(name);
    if (entry != symbols->end()) {
      out = entry->second;
      return true;
    }
  }
  return false;
}

Operand Loader::operand(const Rows& rows, bool branch) {
  Operand result;
  if (lexer_.takeIf("{")) {
    result.kind = Operand::vector;
    do result.parts.push_back(operand(rows, false));
    while (lexer_.takeIf(","));
    lexer_.expect("}");
    return result;
  }
  if (lexer_.takeIf("[")) {
    result.kind = Operand::address;
    result.parts.push_back(operand(rows, false));
    if (lexer_.takeIf("+")) result.offset = lexer_.integer();
    lexer_.expect("]");
    return result;
  }
  result.negated = lexer_.takeIf("!");
  const std::string& text = lexer_.peek().text;
  if (text == "-" || std::isdigit(static_cast<unsigned char>(text[0]))) return literal();
  result.name = lexer_.word();
  if (branch) {
    result.kind = Operand::label;
  } else if (rows.find(result.name, result.row, result.type)) {
    result.kind = Operand::reg;
  } else if (symbol(result.name, result.symbolValue)) {
    result.kind = Operand::symbol;
  } else {
    static const char* specials[] = {"%tid.x",   "%tid.y",   "%tid.z",   "%ntid.x",   "%ntid.y",   "%ntid.z", "%ctaid.x",
                                     "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z", "%laneid"};
    for (unsigned i = 0; i < 13; i++) {
      if (result.name == specials[i]) {
        result.kind = Operand::special;
        result.bits = i;
        return result;
      }
    }
    lexer_.fail("the operand must be declared: operand=" + result.name);
  }
  return result;
}

Operand Loader::literal() {
  Operand result;
  const std::string& text = lexer_.peek().text;
  char kind = text.size() > 1 && text[0] == '0' ? text[1] : ' ';
  if (kind == 'f' || kind == 'F' || kind == 'd' || kind == 'D') {
    bool wide = kind == 'd' || kind == 'D';
    if (text.size() != (wide ? 18u : 10u)) lexer_.fail("a float literal must have all its digits: token='" + text + "'");
    result.kind = Operand::real;
    result.type = wide ? Type::f64 : Type::f32;
    result.bits = std::stoull(lexer_.word().substr(2), nullptr, 16);
  } else {
    result.bits = static_cast<uint64_t>(lexer_.integer());
  }
  return result;
}

}  // namespace ptxvm
