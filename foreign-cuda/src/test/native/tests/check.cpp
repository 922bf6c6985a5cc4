#include "check.hpp"

#include <cstdio>
#include <cstring>

namespace check {

std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

void equal(const std::string& expected, const std::string& actual, int line) {
  if (expected != actual) {
    throw std::runtime_error("line " + std::to_string(line) + ": expected '" + expected + "', was '" + actual + "'");
  }
}

void equal(uint64_t expected, uint64_t actual, int line) {
  if (expected != actual) {
    char text[120];
    std::snprintf(text, sizeof text, "line %d: expected 0x%llx, was 0x%llx", line,
                  static_cast<unsigned long long>(expected), static_cast<unsigned long long>(actual));
    throw std::runtime_error(text);
  }
}

void holds(bool condition, const char* text, int line) {
  if (!condition) throw std::runtime_error("line " + std::to_string(line) + ": must hold: " + text);
}

}  // namespace check

// Runs all cases, or those named; prints "ok NAME" or "failed NAME: why".
int main(int count, char** arguments) {
  int failed = 0;
  for (const check::Case& one : check::cases()) {
    bool wanted = count < 2;
    for (int i = 1; i < count; i++) wanted |= one.name == arguments[i];
    if (!wanted) continue;
    try {
      one.body();
      std::printf("ok %s\n", one.name.c_str());
    } catch (const std::exception& e) {
      failed++;
      std::printf("failed %s: %s\n", one.name.c_str(), e.what());
    }
  }
  return failed != 0;
}
