// Runs small PTX programs: 64-bit words in, 64-bit words out.
#pragma once
#include <string>
#include <vector>

#include "../ptxvm/machine.hpp"

struct Program {
  ptxvm::DeviceMemory memory;
  ptxvm::Module module;
  ptxvm::Stats stats;
  ptxvm::Options options;

  // A kernel "k" with parameters in and out; %rd1 and %rd2 hold them. Registers of all types are declared.
  static std::string kernel(const std::string& body);

  explicit Program(const std::string& text);

  // Runs the kernel; the result is what it left in the buffer out, of words words.
  std::vector<uint64_t> run(const std::vector<uint64_t>& in, size_t words, ptxvm::Dim grid = {1, 1, 1},
                            ptxvm::Dim block = {1, 1, 1});
};

// The 64-bit word at [%rd2] after instructions whose inputs are in %rd10.., %r10.., %rs0.., %f0.. and %fd0..
uint64_t evaluate(const std::string& instructions, const std::vector<uint64_t>& in);

// The message of the error with which the text is refused or its kernel stops, "code: message".
std::string refusal(const std::string& text);
std::string failure(const std::string& body, ptxvm::Dim grid = {1, 1, 1}, ptxvm::Dim block = {1, 1, 1});
