// A minimal test frame: named cases, each of which prints one line.
#pragma once
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace check {

struct Case {
  std::string name;
  std::function<void()> body;
};

std::vector<Case>& cases();

struct Register {
  Register(const char* name, std::function<void()> body) { cases().push_back({name, std::move(body)}); }
};

void equal(const std::string& expected, const std::string& actual, int line);
void equal(uint64_t expected, uint64_t actual, int line);
void holds(bool condition, const char* text, int line);

}  // namespace check

#define CASE(name)                                            \
  static void name();                                         \
  static const check::Register register_##name(#name, name);  \
  static void name()
#define EQUAL(expected, actual) check::equal(expected, actual, __LINE__)
#define HOLDS(condition) check::holds(condition, #condition, __LINE__)
