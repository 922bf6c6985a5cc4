package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/** Float32 bit patterns to test codecs with. */
final class Bits {
  private static final int[] SPECIAL = {
    0,
    1,
    0x7fff,
    0x8000,
    0x8001,
    0x0080_0000,
    0x3f80_0000,
    0x7f7f_0000,
    0x7f7f_7fff,
    0x7f7f_8000,
    0x7f7f_ffff,
    0x7f80_0000,
    0x7f80_0001,
    0x7fbf_ffff,
    0x7fc0_0000,
    0x7fff_7fff,
    0x7fff_8000,
    0x7fff_ffff
  };

  private Bits() {}

  /** Random patterns of all exponents, and a special one of either sign every few elements. */
  static MemorySegment dense(Arena arena, int count) {
    MemorySegment bits = arena.allocate(count * 4L, 64);
    var random = new SplittableRandom(11);
    for (int i = 0; i < count; i++) {
      int value = random.nextInt();
      if (random.nextInt(4) == 0) {
        value = SPECIAL[random.nextInt(SPECIAL.length)] | (value & 0x8000_0000);
      }
      bits.set(JAVA_INT_UNALIGNED, i * 4L, value);
    }
    return bits;
  }
}
