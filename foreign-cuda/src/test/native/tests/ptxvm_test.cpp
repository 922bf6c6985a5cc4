// The interpreter: what each family of opcodes computes.
#include "check.hpp"
#include "program.hpp"

namespace {

uint64_t f32(const std::string& instruction, const std::vector<uint64_t>& in) {
  return evaluate(instruction + "\nst.global.f32 [%rd2], %f7; mov.u32 %r0, 0; st.global.u32 [%rd2+4], %r0;", in);
}
uint64_t f64(const std::string& instruction, const std::vector<uint64_t>& in) {
  return evaluate(instruction + "\nst.global.f64 [%rd2], %fd7;", in);
}
uint64_t u32(const std::string& instruction, const std::vector<uint64_t>& in) {
  return evaluate(instruction + "\nst.global.u32 [%rd2], %r7; mov.u32 %r0, 0; st.global.u32 [%rd2+4], %r0;", in);
}
uint64_t u64(const std::string& instruction, const std::vector<uint64_t>& in) {
  return evaluate(instruction + "\nst.global.u64 [%rd2], %rd7;", in);
}
uint64_t truth(const std::string& instruction, const std::vector<uint64_t>& in) {
  return u32(instruction + "\nselp.u32 %r7, 1, 0, %p1;", in);
}

constexpr uint64_t one = 0x3F800000, third = 0x3EAAAAAB, nan32 = 0x7FC00001, negativeZero = 0x80000000;
constexpr uint64_t least = 1, infinity = 0x7F800000;

}  // namespace

CASE(float32_roundsToNearestEven) {
  EQUAL(0x3FAAAAABu, f32("add.rn.f32 %f7, %f0, %f1;", {one, third}));
  EQUAL(one, f32("add.rn.f32 %f7, %f0, %f1;", {one, 0x33800000}));       // 1 + 2^-24 is a tie
  EQUAL(0x3F800001u, f32("add.rn.f32 %f7, %f0, %f1;", {one, 0x33800001}));
  EQUAL(0x3F2AAAAAu, f32("sub.rn.f32 %f7, %f0, %f1;", {one, third}));
  EQUAL(third, f32("div.rn.f32 %f7, %f0, %f1;", {one, 0x40400000}));
  EQUAL(third, f32("rcp.rn.f32 %f7, %f0;", {0x40400000}));
  EQUAL(0x3FB504F3u, f32("sqrt.rn.f32 %f7, %f0;", {0x40000000}));
}

CASE(float32_doesNotFuse) {
  // (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24 exactly, 0 when the product is rounded first.
  std::string two = "mul.rn.f32 %f6, %f0, %f0; sub.rn.f32 %f7, %f6, %f1;";
  EQUAL(0u, f32(two, {0x3F800800, 0x3F801000}));
  EQUAL(0x33800000u, f32("neg.f32 %f6, %f1; fma.rn.f32 %f7, %f0, %f0, %f6;", {0x3F800800, 0x3F801000}));
}

CASE(float32_keepsSubnormals) {
  EQUAL(2u, f32("add.rn.f32 %f7, %f0, %f0;", {least}));
  EQUAL(0x00400000u, f32("mul.rn.f32 %f7, %f0, %f1;", {0x00800000, 0x3F000000}));
}

CASE(float32_nanIsCanonical) {
  EQUAL(0x7FFFFFFFu, f32("add.rn.f32 %f7, %f0, %f1;", {one, nan32}));
  EQUAL(0x7FFFFFFFu, f32("sub.rn.f32 %f7, %f0, %f0;", {infinity}));
  EQUAL(0x7FFFFFFFu, f32("sqrt.rn.f32 %f7, %f0;", {0xBF800000}));
}

CASE(float32_signs) {
  EQUAL(negativeZero, f32("neg.f32 %f7, %f0;", {0}));
  EQUAL(one, f32("abs.f32 %f7, %f0;", {0xBF800000}));
  EQUAL(0xBF800000u, f32("copysign.f32 %f7, %f0, %f1;", {negativeZero, one}));
}

CASE(float32_minMaxDropNan) {
  EQUAL(one, f32("max.f32 %f7, %f0, %f1;", {one, nan32}));
  EQUAL(one, f32("min.f32 %f7, %f0, %f1;", {nan32, one}));
  EQUAL(0u, f32("max.f32 %f7, %f0, %f1;", {negativeZero, 0}));
  EQUAL(negativeZero, f32("min.f32 %f7, %f0, %f1;", {0, negativeZero}));
}

CASE(float64_roundsToNearestEven) {
  EQUAL(0x3FD5555555555555u, f64("div.rn.f64 %fd7, %fd0, %fd1;", {0x3FF0000000000000, 0x4008000000000000}));
  EQUAL(0x3FF6A09E667F3BCDu, f64("sqrt.rn.f64 %fd7, %fd0;", {0x4000000000000000}));
  EQUAL(0x3FF0000000000000u, f64("fma.rn.f64 %fd7, %fd0, %fd0, 0d0000000000000000;", {0x3FF0000000000000}));
  EQUAL(0x3CB0000000000000u, f64("neg.f64 %fd6, %fd1; fma.rn.f64 %fd7, %fd0, %fd0, %fd6;",
                                 {0x3FF0000004000000, 0x3FF0000008000000}));
}

CASE(integer_arithmetic) {
  EQUAL(0xFFFFFFFFu, u32("sub.s32 %r7, %r10, %r11;", {1, 2}));
  EQUAL(0xFFFFFFFE00000001u, u64("mul.wide.u32 %rd7, %r10, %r10;", {0xFFFFFFFF}));
  EQUAL(1u, u64("mul.wide.s32 %rd7, %r10, %r10;", {0xFFFFFFFF}));
  EQUAL(0xFFFFFFFEu, u32("mul.hi.u32 %r7, %r10, %r10;", {0xFFFFFFFF}));
  EQUAL(0xFFFFFFFFFFFFFFFEu, u64("mul.hi.u64 %rd7, %rd10, %rd10;", {~0ull}));
  EQUAL(23u, u32("mad.lo.s32 %r7, %r10, %r11, %r12;", {4, 5, 3}));
  EQUAL(0xFFFFFFFDu, u32("div.s32 %r7, %r10, %r11;", {0xFFFFFFF9, 2}));
  EQUAL(0xFFFFFFFFu, u32("rem.s32 %r7, %r10, %r11;", {0xFFFFFFF9, 2}));
  EQUAL(0x80000000u, u32("div.s32 %r7, %r10, %r11;", {0x80000000, 0xFFFFFFFF}));
  EQUAL(0xFFFFFFFFu, u32("min.s32 %r7, %r10, %r11;", {0xFFFFFFFF, 1}));
  EQUAL(1u, u32("min.u32 %r7, %r10, %r11;", {0xFFFFFFFF, 1}));
  EQUAL(5u, u32("abs.s32 %r7, %r10;", {0xFFFFFFFB}));
  EQUAL(0xFFFFFFFFFFFFFFFFu, u64("add.s64 %rd7, %rd10, -2;", {1}));
}

CASE(bits_shiftsBeyondTheWidth) {
  EQUAL(0u, u32("shl.b32 %r7, %r10, 32;", {1}));
  EQUAL(0xFFFFFFFFu, u32("shr.s32 %r7, %r10, 40;", {0x80000000}));
  EQUAL(0u, u32("shr.u32 %r7, %r10, 40;", {0x80000000}));
  EQUAL(0x10u, u32("shr.u32 %r7, %r10, 4;", {0x100}));
}

CASE(bits_logicCountsAndFields) {
  EQUAL(0x0Fu, u32("and.b32 %r7, %r10, 15;", {0xFFFF}));
  EQUAL(0xFFFF0000u, u32("not.b32 %r7, %r10;", {0xFFFF}));
  EQUAL(16u, u32("popc.b32 %r7, %r10;", {0xFFFF}));
  EQUAL(16u, u32("clz.b32 %r7, %r10;", {0xFFFF}));
  EQUAL(48u, u32("clz.b64 %r7, %rd10;", {0xFFFF}));
  EQUAL(0xFFFF0000u, u32("brev.b32 %r7, %r10;", {0xFFFF}));
  EQUAL(0x23u, u32("bfe.u32 %r7, %r10, 4, 8;", {0x1234}));
  EQUAL(0xFFFFFFF3u, u32("bfe.s32 %r7, %r10, 4, 5;", {0x1334}));
  EQUAL(0x1FF4u, u32("bfi.b32 %r7, %r11, %r10, 4, 8;", {0x1234, 0xFF}));
  EQUAL(0x56781234u, u32("prmt.b32 %r7, %r10, %r10, 0x1032;", {0x12345678}));
  EQUAL(0x34567890u, u32("shf.l.wrap.b32 %r7, %r10, %r11, 8;", {0x90ABCDEF, 0x12345678}));
}

CASE(compare_nan) {
  EQUAL(0u, truth("setp.lt.f32 %p1, %f0, %f1;", {one, nan32}));
  EQUAL(0u, truth("setp.ne.f32 %p1, %f0, %f1;", {one, nan32}));
  EQUAL(1u, truth("setp.neu.f32 %p1, %f0, %f1;", {one, nan32}));
  EQUAL(1u, truth("setp.leu.f32 %p1, %f0, %f1;", {one, nan32}));
  EQUAL(1u, truth("setp.nan.f32 %p1, %f0, %f1;", {one, nan32}));
  EQUAL(1u, truth("setp.eq.f32 %p1, %f0, %f1;", {0, negativeZero}));
}

CASE(compare_integersAndThirdOperand) {
  EQUAL(1u, truth("setp.lt.s32 %p1, %r10, %r11;", {0xFFFFFFFF, 1}));
  EQUAL(0u, truth("setp.lt.u32 %p1, %r10, %r11;", {0xFFFFFFFF, 1}));
  EQUAL(0u, truth("setp.eq.b32 %p0, 0, 0; setp.eq.and.b32 %p1, %r10, %r10, !%p0;", {1}));
  EQUAL(1u, truth("setp.eq.b32 %p0, 0, 0; setp.ne.or.b32 %p1, %r10, %r10, %p0;", {1}));
  EQUAL(1u, truth("setp.eq.b32 %p0, 0, 0; setp.ne.b32 %p2, 0, 0; xor.pred %p1, %p0, %p2;", {1}));
}

CASE(convert_integersAndFloats) {
  EQUAL(0xFFFFFFFFFFFFFF80u, u64("cvt.s64.s8 %rd7, %r10;", {0x80}));
  EQUAL(0x80u, u64("cvt.u64.u8 %rd7, %r10;", {0x180}));
  EQUAL(0x4B800000u, f32("cvt.rn.f32.s32 %f7, %r10;", {0x1000001}));
  EQUAL(0x3FF0000000000000u, f64("cvt.f64.f32 %fd7, %f0;", {one}));
  EQUAL(one, f32("cvt.rn.f32.f64 %f7, %fd0;", {0x3FF0000010000000}));
  EQUAL(0xFFFFFFFFu, u32("cvt.rzi.s32.f32 %r7, %f0;", {0xBFC00000}));
  EQUAL(0xFFFFFFFEu, u32("cvt.rni.s32.f32 %r7, %f0;", {0xBFC00000}));
  EQUAL(0x7FFFFFFFu, u32("cvt.rzi.s32.f32 %r7, %f0;", {infinity}));
  EQUAL(0u, u32("cvt.rzi.s32.f32 %r7, %f0;", {nan32}));
}

CASE(move_vectors) {
  EQUAL(0x0000000200000001u, u64("mov.b64 %rd7, {%r10, %r11};", {1, 2}));
  EQUAL(0x12345678u, u32("mov.b64 {%r6, %r7}, %rd10;", {0x1234567800000000}));
  EQUAL(0x1234u, u32("mov.b32 {%rs6, %rs7}, %r10; cvt.u32.u16 %r7, %rs7;", {0x12345678}));
}

CASE(memory_vectorsAndGenericAddresses) {
  Program copy(Program::kernel("ld.global.nc.v4.f32 {%f0, %f1, %f2, %f3}, [%rd1]; st.v4.f32 [%rd2], {%f3, %f2, %f1, %f0};"));
  std::vector<uint64_t> out = copy.run({0x0000000200000001, 0x0000000400000003}, 2);
  EQUAL(0x0000000300000004u, out[0]);
  EQUAL(0x0000000100000002u, out[1]);
  EQUAL(7u, u64(".shared .align 8 .b8 s[8]; mov.u64 %rd3, s; cvta.shared.u64 %rd4, %rd3; st.u64 [%rd4], %rd10; ld.shared.u64 %rd7, [s];", {7}));
  EQUAL(9u, u64(".local .align 8 .b8 d[16]; mov.u64 %rd3, d; cvta.local.u64 %rd4, %rd3; st.u64 [%rd4+8], %rd10; ld.local.u64 %rd7, [%rd3+8];", {9}));
}

CASE(memory_isPoisoned) {
  EQUAL(~0ull, u64(".shared .align 8 .b8 s[8]; ld.shared.u64 %rd7, [s];", {}));
  EQUAL(0xDEADBEEFDEADBEEFu, u64("mov.u64 %rd7, %rd9;", {}));
  EQUAL(~0ull, Program(Program::kernel("")).run({}, 1)[0]);
}

CASE(atomics_countThreads) {
  std::string body = "mov.u32 %r1, 1; ld.global.u32 %r2, [%rd1]; mov.u32 %r3, %tid.x; "
                     "red.global.add.u32 [%rd1], %r1; atom.global.max.u32 %r4, [%rd1+4], %r3; "
                     "bar.sync 0; ld.volatile.global.u64 %rd3, [%rd1]; st.global.u64 [%rd2], %rd3;";
  EQUAL(0x0000003F00000040u, Program(Program::kernel(body)).run({0}, 1, {1, 1, 1}, {64, 1, 1})[0]);
}

CASE(branches_partAndMeetAgain) {
  // out[i] = sum of 0 .. i, each thread with its own count of turns.
  std::string body = "mov.u32 %r1, %tid.x; mov.u32 %r2, 0; mov.u32 %r3, 0;\n"
                     "$L: add.u32 %r2, %r2, %r3; add.u32 %r3, %r3, 1; setp.le.u32 %p1, %r3, %r1; @%p1 bra $L;\n"
                     "mul.wide.u32 %rd3, %r1, 8; add.s64 %rd4, %rd2, %rd3; cvt.u64.u32 %rd5, %r2;\n"
                     "setp.gt.u32 %p2, %r1, 3; @!%p2 bra $E; neg.s64 %rd5, %rd5;\n$E: st.global.u64 [%rd4], %rd5;";
  std::vector<uint64_t> out = Program(Program::kernel(body)).run({}, 6, {1, 1, 1}, {6, 1, 1});
  EQUAL(6u, out[3]);
  EQUAL(static_cast<uint64_t>(-15), out[5]);
}

CASE(variables_ofTheModule) {
  std::string text = Program::kernel("ld.const.u32 %r1, [c+4]; mov.u64 %rd3, g; ld.global.f32 %f1, [%rd3]; st.global.u32 [%rd2], %r1; st.global.f32 [%rd2+4], %f1;");
  size_t at = text.find(".visible");
  text.insert(at, ".const .align 4 .u32 c[2] = {5, 7};\n.global .align 4 .f32 g = 0f3F800000;\n");
  EQUAL(0x3F80000000000007u, Program(text).run({}, 1)[0]);
}
