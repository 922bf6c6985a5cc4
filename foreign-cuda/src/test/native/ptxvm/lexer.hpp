// PTX text as tokens.
#pragma once
#include <string>
#include <vector>

#include "types.hpp"

namespace ptxvm {

struct Token {
  std::string text;  // a word (letters, digits, _ $ % .), a string with its quotes, or one sign
  uint32_t line = 0;
};

class Lexer {
 public:
  explicit Lexer(const std::string& text);

  bool atEnd() const { return next_ + 1 >= tokens_.size(); }
  const Token& peek(size_t ahead = 0) const;
  const Token& take();
  bool takeIf(const char* text);
  void expect(const char* text);
  std::string word();      // a word, else an error
  int64_t integer();       // a decimal, hexadecimal or octal number with an optional minus
  [[noreturn]] void fail(const std::string& rule) const;
  [[noreturn]] static void fail(const std::string& rule, uint32_t line);

 private:
  std::vector<Token> tokens_;
  size_t next_ = 0;
};

std::vector<std::string> splitLines(const std::string& text);

}  // namespace ptxvm
