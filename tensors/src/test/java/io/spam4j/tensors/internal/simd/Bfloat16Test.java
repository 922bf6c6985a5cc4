package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What bfloat16 makes of single values, and what random rounding makes of many. */
final class Bfloat16Test {
  private static final int DRAWS = 100_000;

  private final Arena arena = Arena.ofConfined();

  /** Where the test in hand has its results. */
  private MemorySegment halves = MemorySegment.NULL;

  @AfterEach
  void close() {
    arena.close();
  }

  @ParameterizedTest
  @CsvSource({
    "3f800000, 3f80", // 1
    "3f808000, 3f80", // a tie, to even
    "3f818000, 3f82", // a tie, to even
    "3f808001, 3f81",
    "3f807fff, 3f80",
    "80000000, 8000", // -0
    "00008000, 0000", // subnormal, a tie
    "00008001, 0001",
    "007fffff, 0080", // the largest subnormal
    "7f7f7fff, 7f7f",
    "7f7f8000, 7f80", // half a unit above the largest
    "ff7fffff, ff80",
    "7f800000, 7f80",
    "ff800000, ff80",
    "7fc00000, 7fc0",
    "7f800001, 7fc0", // signalling NaN, all of it in the low half
    "ffffffff, ffff",
    "ff80ffff, ffc0"
  })
  void encodeNearest_roundsAsIeee(String bits, String half) {
    Bfloat16.encodeNearest(values(bits), 0, halves(1), 0, 1);
    assertThat(half(0)).isEqualTo(half);
  }

  @ParameterizedTest
  @CsvSource({
    "3f800000, 3f80",
    "80000000, 8000",
    "00010000, 0001",
    "7f7f0000, 7f7f",
    "7f800000, 7f80",
    "ff800000, ff80",
    "7fc00000, 7fc0",
    "7f800001, 7fc0",
    "ffffffff, ffff",
    "7fffffff, 7fff"
  })
  void encodeStochastic_hasOnlyOneAnswer(String bits, String half) {
    MemorySegment from = values(bits);
    halves(1);
    for (long key = 0; key < 100; key++) {
      Bfloat16.encodeStochastic(from, 0, halves, 0, 1, Draw.FIRST, key, 0);
      assertThat(half(0)).isEqualTo(half);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1.001, FIRST",
    "-0.0200007, SECOND",
    "3e-5, WEIGHTS",
    "1.9999, SECOND",
    "255.3, WEIGHTS",
    "1e-30, FIRST",
    "-7.7e35, WEIGHTS"
  })
  void encodeStochastic_overIndices_hasTheValueAsMean(float value, Draw draw) {
    MemorySegment from = arena.allocate(4L * DRAWS, 64);
    for (int i = 0; i < DRAWS; i++) {
      from.set(JAVA_INT_UNALIGNED, 4L * i, Float.floatToRawIntBits(value));
    }
    Bfloat16.encodeStochastic(from, 0, halves(DRAWS), 0, DRAWS, draw, 42, 0);
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
      sum += rounded(i);
    }
    assertThat(sum / DRAWS / value).isCloseTo(1, within(3e-5));
  }

  @ParameterizedTest
  @CsvSource({
    "1.001, FIRST",
    "-0.0200007, SECOND",
    "3e-5, WEIGHTS",
    "1.9999, SECOND",
    "255.3, WEIGHTS",
    "1e-30, FIRST",
    "-7.7e35, WEIGHTS"
  })
  void encodeStochastic_overKeys_hasTheValueAsMean(float value, Draw draw) {
    MemorySegment from = values(Integer.toHexString(Float.floatToRawIntBits(value)));
    halves(1);
    double sum = 0;
    for (long key = 0; key < DRAWS; key++) {
      Bfloat16.encodeStochastic(from, 0, halves, 0, 1, draw, key, 1234);
      sum += rounded(0);
    }
    assertThat(sum / DRAWS / value).isCloseTo(1, within(3e-5));
  }

  @ParameterizedTest
  @CsvSource({
    "3f800000, 3f80, 0",
    "3f808000, 3f81, -8000", // a tie, away from zero
    "3f807fff, 3f80, 7fff",
    "7f7f8000, 7f80, -8000", // finite, infinite in the high half
    "7f800000, 7f80, 0",
    "7fc00000, 7fc0, 0",
    "ffc00000, ffc0, 0",
    "7fff7fff, 7fff, 7fff",
    "7fff8000, 8000, -8000" // the NaNs that are zeros in the high half
  })
  void encodeSplit_isTheNearestAndTheRest(String bits, String high, String low) {
    MemorySegment rest = arena.allocate(2, 2);
    Bfloat16.encodeSplit(values(bits), 0, halves(1), 0, rest, 0, 1);
    assertThat(half(0)).isEqualTo(high);
    assertThat(Integer.toHexString(Math.abs(rest.get(JAVA_SHORT_UNALIGNED, 0))))
        .isEqualTo(low.replace("-", ""));
    assertThat(rest.get(JAVA_SHORT_UNALIGNED, 0) < 0).isEqualTo(low.startsWith("-"));
  }

  @Test
  void decodeSplit_isExactForAllPatterns() {
    int count = 1 << 16;
    MemorySegment from = heap(4L * count);
    MemorySegment back = heap(4L * count);
    MemorySegment low = heap(2L * count);
    halves = heap(2L * count);
    // All upper halves, with the lower halves at whose edges anything could change, and some more.
    int[] lower = {0, 1, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff, 0x1234, 0xcafe};
    for (int rest : lower) {
      for (int i = 0; i < count; i++) {
        from.set(JAVA_INT_UNALIGNED, 4L * i, i << 16 | rest);
      }
      Bfloat16.encodeSplit(from, 0, halves, 0, low, 0, count);
      Bfloat16.decodeSplit(halves, 0, low, 0, back, 0, count);
      assertThat(back.mismatch(from)).isEqualTo(-1);
    }
  }

  @Test
  void decode_thenEncode_isTheSame_unlessItIsASignallingNaN() {
    int count = 1 << 16;
    MemorySegment all = heap(2L * count);
    MemorySegment floats = heap(4L * count);
    halves = heap(2L * count);
    for (int i = 0; i < count; i++) {
      all.set(JAVA_SHORT_UNALIGNED, 2L * i, (short) i);
    }
    Bfloat16.decode(all, 0, floats, 0, count);
    Bfloat16.encodeNearest(floats, 0, halves, 0, count);
    for (int i = 0; i < count; i++) {
      int quiet = (i & 0x7fff) > 0x7f80 ? i | 0x40 : i;
      assertBits(floats.get(JAVA_INT_UNALIGNED, 4L * i), i << 16);
      assertBits(halves.get(JAVA_SHORT_UNALIGNED, 2L * i) & 0xffff, quiet);
    }
    Bfloat16.encodeStochastic(floats, 0, all, 0, count, Draw.FIRST, 3, 0);
    assertThat(all.mismatch(halves)).isEqualTo(-1);
  }

  private MemorySegment halves(int count) {
    halves = arena.allocate(2L * count, 64);
    return halves;
  }

  /** An assertion of AssertJ for each of many thousand values would take a second. */
  private static void assertBits(int actual, int expected) {
    if (actual != expected) {
      assertThat(actual).isEqualTo(expected);
    }
  }

  /** Memory that is converted by the scalar form, which is faster until vectors are compiled. */
  private static MemorySegment heap(long bytes) {
    return MemorySegment.ofArray(new byte[(int) bytes]);
  }

  private MemorySegment values(String bits) {
    MemorySegment value = arena.allocate(4, 64);
    value.set(JAVA_INT_UNALIGNED, 0, Integer.parseUnsignedInt(bits, 16));
    return value;
  }

  private String half(int element) {
    return String.format("%04x", halves.get(JAVA_SHORT_UNALIGNED, 2L * element) & 0xffff);
  }

  private float rounded(int element) {
    return Float.intBitsToFloat(halves.get(JAVA_SHORT_UNALIGNED, 2L * element) << 16);
  }
}
