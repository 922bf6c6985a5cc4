package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What holds for every float32. */
final class Bfloat16Properties {
  @Property(tries = 2000, seed = "1")
  void encodeNearest_isOffByAtMostHalfAUnit(@ForAll int bits) {
    float value = Float.intBitsToFloat(bits & 0x7fff_ffff);
    if (value > 1e-30f && value < 0x1.ffp127f) {
      assertThat(Math.abs(there(bits, false, 0) - Float.intBitsToFloat(bits)))
          .isLessThanOrEqualTo(value * 0x1p-8f);
    }
  }

  @Property(tries = 2000, seed = "1")
  void encodeStochastic_isOneOfTheTwoBeside(@ForAll int bits, @ForAll long key) {
    float value = Float.intBitsToFloat(bits);
    if (Float.isFinite(value)) {
      float below = Float.intBitsToFloat(bits & 0xffff_0000);
      float above = Float.intBitsToFloat((bits & 0xffff_0000) + 0x1_0000);
      float rounded = there(bits, true, key);
      assertThat(rounded).isIn(below, above);
    }
  }

  @Property(tries = 2000, seed = "1")
  void decodeSplit_givesBackTheBits(@ForAll int bits) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(4, 4);
      MemorySegment high = arena.allocate(2, 2);
      MemorySegment low = arena.allocate(2, 2);
      MemorySegment back = arena.allocate(4, 4);
      value.set(JAVA_INT_UNALIGNED, 0, bits);
      Bfloat16.encodeSplit(value, 0, high, 0, low, 0, 1);
      Bfloat16.decodeSplit(high, 0, low, 0, back, 0, 1);
      assertThat(back.get(JAVA_INT_UNALIGNED, 0)).isEqualTo(bits);
    }
  }

  /** To bfloat16 and back. */
  private static float there(int bits, boolean stochastic, long key) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(4, 4);
      MemorySegment half = arena.allocate(2, 2);
      value.set(JAVA_INT_UNALIGNED, 0, bits);
      if (stochastic) {
        Bfloat16.encodeStochastic(value, 0, half, 0, 1, Draw.WEIGHTS, key, 9);
      } else {
        Bfloat16.encodeNearest(value, 0, half, 0, 1);
      }
      Bfloat16.decode(half, 0, value, 0, 1);
      return value.get(JAVA_FLOAT_UNALIGNED, 0);
    }
  }
}
