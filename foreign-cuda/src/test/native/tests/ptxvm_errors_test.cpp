// The interpreter: what it refuses to load and what stops a launch.
#include "check.hpp"
#include "program.hpp"

namespace {

std::string refused(const std::string& instruction) { return refusal(Program::kernel(instruction)); }

// "code: message" up to the place in the program.
std::string rule(const std::string& message) { return message.substr(0, message.find(", kernel=")); }

}  // namespace

CASE(load_refusesWhatIsNotExact) {
  EQUAL("218: the rounding must be .rn: line=9, text=div.approx.f32 %f1, %f2, %f3;", refused("div.approx.f32 %f1, %f2, %f3;"));
  EQUAL("218: the rounding must be .rn: line=9, text=add.f32 %f1, %f2, %f3;", refused("add.f32 %f1, %f2, %f3;"));
  EQUAL("218: the rounding must be .rn: line=9, text=mul.rz.f32 %f1, %f2, %f3;", refused("mul.rz.f32 %f1, %f2, %f3;"));
  EQUAL("218: the modifier or type must be a known exact one: part=.ftz, line=9, text=add.rn.ftz.f32 %f1, %f2, %f3;",
        refused("add.rn.ftz.f32 %f1, %f2, %f3;"));
  EQUAL("218: the modifier or type must be a known exact one: part=.sat, line=9, text=add.rn.sat.f32 %f1, %f2, %f3;",
        refused("add.rn.sat.f32 %f1, %f2, %f3;"));
  EQUAL("218: the modifier or type must be a known exact one: part=.ftz, line=9, text=max.ftz.f32 %f1, %f2, %f3;",
        refused("max.ftz.f32 %f1, %f2, %f3;"));
  for (const char* text : {"ex2.approx.f32 %f1, %f2;", "sin.approx.f32 %f1, %f2;", "frob.u32 %r1, %r2;",
                           "shfl.sync.bfly.b32 %r1, %r2, 1, 31, -1;", "red.global.add.f32 [%rd1], %f1;",
                           "cvt.rz.f32.f64 %f1, %fd1;", "cvt.f32.f64 %f1, %fd1;", "add.f16 %rs1, %rs2, %rs3;",
                           "mov.u32 %r1, %clock;", "call foo;", "add.cc.u32 %r1, %r2, %r3;"}) {
    HOLDS(refused(text).compare(0, 5, "218: ") == 0);
  }
}

CASE(load_refusesWrongOperands) {
  EQUAL("218: the type of the register must fit: register=%rd1, declared=.b64, used=.u32, line=9, text=add.u32 %r1, %rd1, %r2;",
        refused("add.u32 %r1, %rd1, %r2;"));
  EQUAL("218: the type of the register must fit: register=%r1, declared=.b32, used=.f64, line=9, text=neg.f64 %fd1, %r1;",
        refused("neg.f64 %fd1, %r1;"));
  EQUAL("218: the count of operands must fit: expected=3, given=2, line=9, text=add.u32 %r1, %r2;", refused("add.u32 %r1, %r2;"));
  EQUAL("218: the operand must be declared: operand=%r99, line=9", refused("mov.u32 %r1, %r99;"));
  EQUAL("218: the label must exist: label=$X, line=9", refused("bra $X;"));
  EQUAL("218: the state space must be that of the variable: variable=k_in, line=9, text=ld.global.u64 %rd3, [k_in];",
        refused("ld.global.u64 %rd3, [k_in];"));
}

CASE(memory_outside) {
  HOLDS(failure("st.global.u64 [%rd2+24], %rd1;") == "passed");
  EQUAL("700: the access must be inside global memory", failure("st.global.u64 [%rd2+32], %rd1;").substr(0, 44));
  EQUAL("700: the access must be inside global memory", failure("ld.global.u8 %r1, [%rd1+-1];").substr(0, 44));
  EQUAL("700: the access must be inside global memory: address=0xdeadbeefdeadbee8, bytes=8",
        rule(failure("and.b64 %rd3, %rd3, -8; ld.global.u64 %rd4, [%rd3];")));
  EQUAL("700: the access must be inside shared memory: address=0x8, bytes=4",
        rule(failure(".shared .align 4 .b8 s[8]; st.shared.u32 [s+8], 1;")));
  EQUAL("700: the access must be inside local memory: address=0x8, bytes=4",
        rule(failure(".local .align 4 .b8 s[8]; st.local.u32 [s+8], 1;")));
  EQUAL("700: the access must be inside param memory: address=0x10, bytes=8", rule(failure("ld.param.u64 %rd3, [k_in+16];")));
}

CASE(memory_misaligned) {
  EQUAL("716: the address must be aligned", failure("ld.global.u32 %r1, [%rd1+2];").substr(0, 32));
  EQUAL("716: the address must be aligned", failure("ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%rd1+8];").substr(0, 32));
}

CASE(memory_freedIsOutside) {
  ptxvm::DeviceMemory memory;
  uint64_t address = memory.allocate(64)->address;
  HOLDS(memory.translate(address, 64) != nullptr);
  HOLDS(memory.translate(address + 1, 64) == nullptr);
  HOLDS(memory.release(address));
  HOLDS(memory.translate(address, 1) == nullptr);
  HOLDS(!memory.release(address));
  HOLDS(memory.allocate(64)->address != address);
}

CASE(barrier_divergent) {
  std::string part = "mov.u32 %r1, %tid.x; setp.eq.u32 %p1, %r1, 0; @%p1 bra $A; bar.sync 0; bra $B; $A: bar.sync 0; $B:";
  HOLDS(failure(part).find("719") != 0);
  EQUAL("719: all threads of a block must reach the same barrier: other=1, otherIs=at line 9",
        rule(failure(part, {1, 1, 1}, {2, 1, 1})));
  EQUAL("719: all threads of a block must reach the same barrier: other=1, otherIs=finished",
        rule(failure("mov.u32 %r1, %tid.x; setp.ne.u32 %p1, %r1, 0; @%p1 ret; bar.sync 0;", {1, 1, 1}, {2, 1, 1})));
}

CASE(launch_endsAnEndlessLoop) { EQUAL("702: the launch must end", failure("$A: bra $A;").substr(0, 24)); }

CASE(division_byZero) {
  EQUAL("719: an integer must not be divided by zero", rule(failure("mov.u32 %r1, 0; div.u32 %r2, %r1, %r1;")).substr(0, 43));
}

CASE(race_sharedWithoutBarrier) {
  std::string start = ".shared .align 4 .b8 s[256]; mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2; mov.u32 %r4, s; add.u32 %r3, %r4, %r2; ";
  std::string store = "st.shared.u32 [%r3], %r1; ", neighbour = "xor.b32 %r5, %r3, 4; ld.shared.u32 %r6, [%r5]; ";
  EQUAL("passed", failure(start + store + "bar.sync 0; " + neighbour, {1, 1, 1}, {64, 1, 1}));
  EQUAL("719: a barrier must lie between accesses of two threads to a byte of shared memory: address=0x4",
        rule(failure(start + store + neighbour, {1, 1, 1}, {64, 1, 1})));
  EQUAL("719: a barrier must lie between accesses of two threads to a byte of shared memory: address=0x0",
        rule(failure(start + store + "bar.sync 0; " + neighbour + "st.shared.u32 [%r3], %r6;", {1, 1, 1}, {64, 1, 1})));
  EQUAL("719: a barrier must lie between accesses of two threads to a byte of shared memory: address=0x0",
        rule(failure(start + "st.shared.u32 [s], %r1;", {1, 1, 1}, {2, 1, 1})));
  EQUAL("passed", failure(start + "st.shared.u32 [%r3], %r1; bar.sync 0; red.shared.add.u32 [s], %r1;", {1, 1, 1}, {64, 1, 1}));
}

CASE(race_globalWrites) {
  std::string own = "mov.u32 %r1, %ctaid.x; mul.wide.u32 %rd3, %r1, 8; add.s64 %rd4, %rd2, %rd3; ";
  EQUAL("passed", failure(own + "st.global.u32 [%rd4], %r1;", {4, 1, 1}));
  EQUAL("719: one thread of a launch must write a byte of global memory",
        failure("st.global.u32 [%rd2], 1;", {2, 1, 1}).substr(0, 62));
  EQUAL("passed", failure("red.global.add.u32 [%rd2], 1;", {4, 1, 1}, {32, 1, 1}));
}

CASE(launch_configuration) {
  EQUAL("9: a block must have 1 to 1024 threads: kernel=k, threads=1025", failure("", {1, 1, 1}, {1025, 1, 1}));
  EQUAL("9: a grid must have 1 to 2^31-1 blocks: kernel=k, x=0", failure("", {0, 1, 1}, {1, 1, 1}));
}
