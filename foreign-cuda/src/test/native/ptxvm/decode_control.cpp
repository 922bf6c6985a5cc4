// Branches, barriers, fences and the end of a thread.
#include "machine.hpp"
#include "statement.hpp"

namespace ptxvm {

namespace {

// Threads run one after another on one memory: a fence has nothing to do.
void fence(Group&, const Instruction&) {}

}  // namespace

bool decodeControl(Decoder& d, Instruction& out) {
  const std::string& name = d.opcode();
  if (name == "bra") {
    d.take("uni");
    d.endOfWords();
    d.operands(1);
    if (d.operand(0).kind != Operand::label) d.fail("the target of a branch must be a label");
    out.control = Control::branch;
  } else if (name == "ret" || name == "exit") {
    d.endOfWords();
    d.operands(0);
    out.control = Control::leave;
  } else if (name == "trap") {
    d.endOfWords();
    d.operands(0);
    out.control = Control::trap;
  } else if (name == "bar" || name == "barrier") {
    if (!d.take("sync")) d.unknown();
    d.endOfWords();
    d.operands(1);
    if (d.operand(0).kind != Operand::integer || d.operand(0).bits != 0) d.fail("the barrier must be number 0");
    out.control = Control::barrier;
  } else if (name == "membar") {
    if (!d.take("cta") && !d.take("gl") && !d.take("sys")) d.unknown();
    d.endOfWords();
    d.operands(0);
    out.handler = fence;
  } else {
    return false;
  }
  return true;
}

}  // namespace ptxvm
