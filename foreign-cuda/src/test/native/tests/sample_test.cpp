// A kernel of clang, against the same formulas computed here; the file is named by STANDIN_SAMPLE.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "check.hpp"
#include "program.hpp"

using namespace ptxvm;

CASE(sample_ofClang) {
  const char* file = std::getenv("STANDIN_SAMPLE");
  if (!file) return;
  std::ifstream in(file);
  Program program(std::string(std::istreambuf_iterator<char>(in), {}));
  constexpr int64_t n = 10'007;
  std::vector<float> p(n), g(n);
  for (int64_t i = 0; i < n; i++) {
    p[i] = static_cast<float>(std::sin(static_cast<double>(i)));
    g[i] = static_cast<float>(std::cos(static_cast<double>(3 * i)));
  }
  g[7] = unpack<float>(3);  // subnormal
  Allocation *dp = program.memory.allocate(n * 4), *dg = program.memory.allocate(n * 4), *dm = program.memory.allocate(4);
  std::memcpy(dp->host, p.data(), n * 4);
  std::memcpy(dg->host, g.data(), n * 4);
  std::memset(dm->host, 0, 4);
  const float lr = 0.01f;
  std::vector<uint8_t> parameters(40);
  std::memcpy(parameters.data(), &dp->address, 8);
  std::memcpy(parameters.data() + 8, &dg->address, 8);
  std::memcpy(parameters.data() + 16, &dm->address, 8);
  std::memcpy(parameters.data() + 24, &lr, 4);
  std::memcpy(parameters.data() + 32, &n, 8);
  program.options.globalRaces = std::getenv("STANDIN_RACES") != nullptr;
  auto start = std::chrono::steady_clock::now();
  launch(program.module.kernels.at("sample"), {5, 1, 1}, {128, 1, 1}, parameters, 0, program.memory, program.options, program.stats);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::fprintf(stderr, "%.0f million instructions a second\n", static_cast<double>(program.stats.instructions) / seconds / 1e6);
  uint32_t greatest = 0, found;
  for (int64_t i = 0; i < n; i++) {
    float d = std::sqrt(g[i] * g[i]) + 1e-8f;
    float expected = p[i] - lr * (g[i] / d), actual;
    std::memcpy(&actual, dp->host + 4 * i, 4);
    EQUAL(pack(expected), pack(actual));
    greatest = std::max(greatest, static_cast<uint32_t>(pack(g[i]) & 0x7FFFFFFF));
  }
  std::memcpy(&found, dm->host, 4);
  EQUAL(greatest, found);
}
