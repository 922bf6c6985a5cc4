#include "lexer.hpp"

#include <cctype>
#include <cstdlib>

namespace ptxvm {

namespace {

bool isWordPart(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' || c == '.';
}

}  // namespace

Lexer::Lexer(const std::string& text) {
  uint32_t line = 1;
  size_t i = 0;
  while (i < text.size()) {
    char c = text[i];
    if (c == '\n') {
      line++;
      i++;
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      i++;
    } else if (text.compare(i, 2, "//") == 0) {
      while (i < text.size() && text[i] != '\n') i++;
    } else if (text.compare(i, 2, "/*") == 0) {
      size_t end = text.find("*/", i);
      if (end == std::string::npos) fail("a comment must end", line);
      for (; i < end; i++) line += text[i] == '\n';
      i = end + 2;
    } else if (c == '"') {
      size_t end = text.find('"', i + 1);
      if (end == std::string::npos) fail("a string must end", line);
      tokens_.push_back({text.substr(i, end + 1 - i), line});
      i = end + 1;
    } else if (isWordPart(c)) {
      size_t begin = i;
      while (i < text.size() && isWordPart(text[i])) i++;
      tokens_.push_back({text.substr(begin, i - begin), line});
    } else {
      tokens_.push_back({std::string(1, c), line});
      i++;
    }
  }
  tokens_.push_back({"", line});  // the end
}

const Token& Lexer::peek(size_t ahead) const {
  size_t at = next_ + ahead;
  return tokens_[at < tokens_.size() ? at : tokens_.size() - 1];
}

const Token& Lexer::take() {
  if (atEnd()) fail("the text must not end here");
  return tokens_[next_++];
}

bool Lexer::takeIf(const char* text) {
  if (atEnd() || tokens_[next_].text != text) return false;
  next_++;
  return true;
}

void Lexer::expect(const char* text) {
  if (!takeIf(text)) fail(std::string("'") + text + "' must come here: token='" + peek().text + "'");
}

std::string Lexer::word() {
  if (atEnd() || !isWordPart(peek().text[0])) fail("a word must come here: token='" + peek().text + "'");
  return take().text;
}

int64_t Lexer::integer() {
  bool negative = takeIf("-");
  std::string digits = word();
  if (!digits.empty() && digits.back() == 'U') digits.pop_back();
  char* end = nullptr;
  uint64_t value = std::strtoull(digits.c_str(), &end, 0);
  if (digits.empty() || *end) fail("an integer must come here: token='" + digits + "'");
  return static_cast<int64_t>(negative ? 0 - value : value);
}

void Lexer::fail(const std::string& rule) const { fail(rule, peek().line); }

void Lexer::fail(const std::string& rule, uint32_t line) {
  std::string separator = rule.find(": ") == std::string::npos ? ": " : ", ";
  throw Error(invalidPtx, rule + separator + "line=" + std::to_string(line));
}

std::vector<std::string> splitLines(const std::string& text) {
  std::vector<std::string> lines(1);
  for (char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else if (!lines.back().empty() || !std::isspace(static_cast<unsigned char>(c))) {
      lines.back() += c == '\t' ? ' ' : c;
    }
  }
  return lines;
}

}  // namespace ptxvm
