#include "program.hpp"

#include <cstring>

using namespace ptxvm;

std::string Program::kernel(const std::string& body) {
  return ".version 6.3\n.target sm_60\n.address_size 64\n"
         ".visible .entry k(.param .u64 k_in, .param .u64 k_out)\n{\n"
         ".reg .pred %p<8>; .reg .b16 %rs<8>; .reg .b32 %r<16>; .reg .f32 %f<8>; .reg .b64 %rd<16>; .reg .f64 %fd<8>;\n"
         "ld.param.u64 %rd1, [k_in];\nld.param.u64 %rd2, [k_out];\n" +
         body + "\nret;\n}\n";
}

Program::Program(const std::string& text)
    : module(load(text, [this](const std::vector<uint8_t>& content) {
        Allocation* made = memory.allocate(content.size());
        std::memcpy(made->host, content.data(), content.size());
        return made->address;
      })) {}

std::vector<uint64_t> Program::run(const std::vector<uint64_t>& in, size_t words, Dim grid, Dim block) {
  Allocation* from = memory.allocate(in.size() * 8);
  Allocation* to = memory.allocate(words * 8);
  std::memcpy(from->host, in.data(), in.size() * 8);
  std::vector<uint8_t> parameters(16);
  std::memcpy(parameters.data(), &from->address, 8);
  std::memcpy(parameters.data() + 8, &to->address, 8);
  launch(module.kernels.at("k"), grid, block, parameters, 0, memory, options, stats);
  std::vector<uint64_t> out(words);
  std::memcpy(out.data(), to->host, words * 8);
  return out;
}

uint64_t evaluate(const std::string& instructions, const std::vector<uint64_t>& in) {
  std::string body;
  for (size_t i = 0; i < in.size(); i++) {
    std::string n = std::to_string(i), at = "[%rd1+" + std::to_string(8 * i) + "];\n";
    body += "ld.global.u64 %rd1" + n + ", " + at;             // %rd10 ..
    body += "ld.global.u32 %r1" + n + ", " + at;              // %r10 ..
    body += "ld.global.u16 %rs" + n + ", " + at;              // %rs0 ..
    body += "ld.global.f32 %f" + n + ", " + at;               // %f0 ..
    body += "ld.global.f64 %fd" + n + ", " + at;              // %fd0 ..
  }
  return Program(Program::kernel(body + instructions)).run(in, 1)[0];
}

std::string refusal(const std::string& text) {
  try {
    Program program(text);
  } catch (const Error& e) {
    return std::to_string(e.code) + ": " + e.what();
  }
  return "accepted";
}

std::string failure(const std::string& body, Dim grid, Dim block) {
  Program program(Program::kernel(body));
  program.options.globalRaces = true;
  program.options.instructionLimit = 1'000'000;
  try {
    program.run({0, 1, 2, 3}, 4, grid, block);
  } catch (const Error& e) {
    return std::to_string(e.code) + ": " + e.what();
  }
  return "passed";
}
