// Module and kernel level of the loader: directives, variables, parameters.
#include "loader.hpp"

#include <algorithm>

namespace ptxvm {

Module load(const std::string& text, const Place& place) { return Loader(text, place).module(); }

uint64_t alignUp(uint64_t value, uint64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

Loader::Loader(const std::string& text, const Place& place)
    : lexer_(text), place_(place),
      lines_(std::make_shared<const std::vector<std::string>>(splitLines(text))) {}

Module Loader::module() {
  Module result;
  while (!lexer_.atEnd()) {
    uint32_t line = lexer_.peek().line;
    std::string word = lexer_.word();
    if (word == ".version") {
      std::string number = lexer_.word();
      size_t dot = number.find('.');
      if (dot == std::string::npos) lexer_.fail("the version must have a dot: version=" + number);
      result.version = std::stoi(number.substr(0, dot)) * 10 + std::stoi(number.substr(dot + 1));
    } else if (word == ".target") {
      std::string target = lexer_.word();
      if (target.compare(0, 3, "sm_") != 0) lexer_.fail("the target must be sm_NN: target=" + target);
      result.target = std::stoi(target.substr(3));
      if (lexer_.takeIf(",")) lexer_.fail("the target must have no option: option=" + lexer_.peek().text);
    } else if (word == ".address_size") {
      if (lexer_.integer() != 64) lexer_.fail("the address size must be 64");
    } else if (word == ".file") {
      lexer_.integer();
      lexer_.take();
    } else if (word == ".visible" || word == ".weak" || word == ".extern") {
      external_ = word == ".extern";
      continue;
    } else if (word == ".entry") {
      Kernel kernel = entry();
      std::string name = kernel.name;
      if (!result.kernels.emplace(name, std::move(kernel)).second) {
        Lexer::fail("a kernel must be defined once: kernel=" + name, line);
      }
    } else if (word == ".global" || word == ".const" || word == ".shared") {
      variable(word, nullptr);
    } else {
      Lexer::fail("the directive must be a known one: token='" + word + "'", line);
    }
    external_ = false;
  }
  if (!result.version || !result.target) lexer_.fail(".version and .target must be given");
  return result;
}

Kernel Loader::entry() {
  Kernel kernel;
  kernel.lines = lines_;
  kernel.name = lexer_.word();
  kernel.sharedBytes = moduleSharedBytes_;
  local_.clear();
  if (lexer_.takeIf("(")) parameters(kernel);
  while (!lexer_.takeIf("{")) {
    std::string word = lexer_.word();
    if (word != ".maxntid" && word != ".reqntid" && word != ".minnctapersm") {
      lexer_.fail("the directive must be a known one: token='" + word + "'");
    }
    uint64_t product = 1;
    do product *= static_cast<uint64_t>(lexer_.integer());
    while (lexer_.takeIf(","));
    if (word == ".reqntid") lexer_.fail("the block size must not be required by the kernel");
    if (word == ".maxntid") kernel.maxThreads = static_cast<uint32_t>(std::min<uint64_t>(product, 1024));
  }
  body(kernel);
  return kernel;
}

void Loader::parameters(Kernel& kernel) {
  while (!lexer_.takeIf(")")) {
    lexer_.expect(".param");
    Declaration d = declaration();
    uint32_t offset = static_cast<uint32_t>(alignUp(kernel.parameterBytes, d.alignment));
    kernel.parameters.push_back({d.name, offset, static_cast<uint32_t>(d.bytes), d.alignment});
    kernel.parameterBytes = offset + static_cast<uint32_t>(d.bytes);
    if (kernel.parameterBytes > 4096) lexer_.fail("the parameters must fit 4096 bytes: kernel=" + kernel.name);
    define(local_, d.name, {Space::param, offset});
    if (!lexer_.takeIf(",") && lexer_.peek().text != ")") lexer_.fail("',' or ')' must come here");
  }
}

Loader::Declaration Loader::declaration() {
  Declaration d;
  for (;;) {
    std::string word = lexer_.word();
    if (word == ".align") {
      d.alignment = static_cast<uint32_t>(lexer_.integer());
      if (!d.alignment || (d.alignment & (d.alignment - 1))) lexer_.fail("an alignment must be a power of two");
    } else if (word == ".ptr") {  // says something of what the parameter points to
      if (lexer_.takeIf(".global") || lexer_.takeIf(".shared") || lexer_.takeIf(".const")) {}
      if (lexer_.takeIf(".align")) lexer_.integer();
    } else if (word[0] == '.') {
      d.type = typeNamed(word.substr(1));
      if (d.type == Type::none || d.type == Type::pred) lexer_.fail("the type must be a known one: token='" + word + "'");
    } else {
      d.name = word;
      break;
    }
  }
  if (d.type == Type::none) lexer_.fail("a type must be given: variable=" + d.name);
  d.bytes = bytesOf(d.type);
  if (!d.alignment) d.alignment = static_cast<uint32_t>(d.bytes);
  while (lexer_.takeIf("[")) {
    if (lexer_.takeIf("]")) {
      d.open = true;
      break;
    }
    d.bytes *= static_cast<uint64_t>(lexer_.integer());
    lexer_.expect("]");
  }
  return d;
}

void Loader::define(Symbols& symbols, const std::string& name, Symbol symbol) {
  if (!symbols.emplace(name, symbol).second) lexer_.fail("a variable must be defined once: variable=" + name);
}

void Loader::variable(const std::string& space, Kernel* kernel) {
  Declaration d = declaration();
  Symbols& symbols = kernel ? local_ : global_;
  if (space == ".shared") {
    // Dynamic shared memory follows the static one: see Block.
    uint32_t& end = kernel ? kernel->sharedBytes : moduleSharedBytes_;
    if (d.open) {
      if (!external_) lexer_.fail("shared memory without a size must be .extern: variable=" + d.name);
      define(symbols, d.name, {Space::shared, dynamicShared});
    } else {
      uint64_t at = alignUp(end, d.alignment);
      end = static_cast<uint32_t>(at + d.bytes);
      define(symbols, d.name, {Space::shared, at});
    }
  } else if (space == ".local") {
    if (!kernel || d.open) lexer_.fail("local memory must have a size and be inside a kernel: variable=" + d.name);
    uint64_t at = alignUp(kernel->localBytes, d.alignment);
    kernel->localBytes = static_cast<uint32_t>(at + d.bytes);
    define(symbols, d.name, {Space::local, at});
  } else {
    if (kernel || d.open || external_) lexer_.fail("a global variable must have a size and be outside kernels: variable=" + d.name);
    std::vector<uint8_t> content(d.bytes, 0);
    if (lexer_.takeIf("=")) initializer(d, content);
    define(symbols, d.name, {space == ".const" ? Space::constant : Space::global, place_(content)});
  }
  lexer_.expect(";");
}

void Loader::initializer(const Declaration& d, std::vector<uint8_t>& content) {
  size_t size = bytesOf(d.type), at = 0;
  bool list = lexer_.takeIf("{");
  do {
    uint64_t bits;
    std::string word = lexer_.peek().text;
    if (word.size() > 1 && word[0] == '0' && (word[1] == 'f' || word[1] == 'F' || word[1] == 'd' || word[1] == 'D')) {
      bits = std::stoull(lexer_.word().substr(2), nullptr, 16);
    } else {
      bits = static_cast<uint64_t>(lexer_.integer());
    }
    if (at + size > content.size()) lexer_.fail("the values must fit the variable: variable=" + d.name);
    std::memcpy(content.data() + at, &bits, size);
    at += size;
  } while (list && lexer_.takeIf(","));
  if (list) lexer_.expect("}");
}

}  // namespace ptxvm
