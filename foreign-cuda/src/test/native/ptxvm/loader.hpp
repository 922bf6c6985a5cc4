// The loader of PTX text.
#pragma once
#include "lexer.hpp"
#include "statement.hpp"

namespace ptxvm {

// The address that dynamic shared memory has before a launch says where it begins.
constexpr uint64_t dynamicShared = 0x4000'0000;

uint64_t alignUp(uint64_t value, uint64_t alignment);

class Loader {
 public:
  Loader(const std::string& text, const Place& place);
  Module module();

 private:
  using Symbols = std::map<std::string, Symbol>;
  struct Declaration {
    std::string name;
    Type type = Type::none;
    uint32_t alignment = 0;
    uint64_t bytes = 0;
    bool open = false;  // without a size
  };
  struct Branch {
    size_t instruction;
    std::string label;
    uint32_t line;
  };

  Kernel entry();
  void parameters(Kernel& kernel);
  Declaration declaration();
  void define(Symbols& symbols, const std::string& name, Symbol symbol);
  void variable(const std::string& space, Kernel* kernel);
  void initializer(const Declaration& d, std::vector<uint8_t>& content);

  void body(Kernel& kernel);
  void registers(Rows& rows);
  void statement(Kernel& kernel, Rows& rows, std::vector<Branch>& branches);
  Operand operand(const Rows& rows, bool branch);
  Operand literal();
  bool symbol(const std::string& name, Symbol& out) const;

  Lexer lexer_;
  const Place& place_;
  std::shared_ptr<const std::vector<std::string>> lines_;
  Symbols global_;
  Symbols local_;
  uint32_t moduleSharedBytes_ = 0;
  bool external_ = false;
};

}  // namespace ptxvm
