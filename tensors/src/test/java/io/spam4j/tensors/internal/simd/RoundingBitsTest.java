package io.spam4j.tensors.internal.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The random bits look random: over indices, over keys, and side by side. */
final class RoundingBitsTest {
  private static final int DRAWS = 1 << 17;

  /** 4 sigma of a correlation of that many independent pairs. */
  private static final double FOUR_SIGMA = 4 / Math.sqrt(DRAWS);

  /** 255 degrees of freedom: the mean and 4 sigma. */
  private static final double CHI_SQUARE = 255 + 4 * Math.sqrt(2 * 255);

  private interface Numbers {
    int at(int number);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, -1, 0x9e37_79b9_7f4a_7c15L, 1L << 32, 1L << 63})
  void bits_overPairs_areUniformAndUncorrelated(long key) {
    for (Draw draw : Draw.values()) {
      Numbers numbers = i -> draw(draw, key, 2L * i);
      assertUniform(numbers);
      for (int distance : new int[] {1, 2, 7, 8, 9, 15, 16, 17, 64, 512, 610, 987, 1024}) {
        assertUncorrelated(numbers, i -> draw(draw, key, 2L * (i + distance)));
      }
    }
  }

  @Test
  void bits_ofNeighbours_areOpposite() {
    for (Draw draw : Draw.values()) {
      for (int i = 0; i < 1000; i += 2) {
        assertThat(draw(draw, 5, i + 1)).isEqualTo(0xffff - draw(draw, 5, i));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"FIRST,SECOND", "SECOND,WEIGHTS", "WEIGHTS,FIRST"})
  void bits_ofTwoStreams_areUncorrelated(Draw one, Draw other) {
    for (int distance : new int[] {0, 1, 8, 512}) {
      assertUncorrelated(i -> draw(one, 3, 2L * i), i -> draw(other, 3, 2L * (i + distance)));
    }
    assertUncorrelated(key -> draw(one, key, 4), key -> draw(other, key, 4));
  }

  @ParameterizedTest
  @CsvSource({"0,1", "1,2", "7,8", "0,4294967296", "-1,0", "1,-1", "255,256"})
  void bits_ofTwoKeys_areUncorrelated(long one, long other) {
    for (int distance : new int[] {0, 1, 8, 16}) {
      assertUncorrelated(i -> draw(one, 2L * i), i -> draw(other, 2L * (i + distance)));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 16, 31, 1_000_003, (1L << 32) - 1, 1L << 33, 1L << 50})
  void bits_overKeys_areUniformAndUncorrelated(long index) {
    Numbers numbers = key -> draw(key, index);
    assertUniform(numbers);
    assertUncorrelated(numbers, key -> draw(key + 1, index));
    assertUncorrelated(numbers, key -> draw(key, index + 2));
    assertUncorrelated(numbers, key -> draw(key, index ^ 16));
  }

  @Test
  void bits_neverChange() {
    // A checkpointed run goes on with the same bits only if these stay.
    assertThat(draw(0, 0)).isEqualTo(48635);
    assertThat(draw(0, 16)).isEqualTo(49889);
    assertThat(draw(1, 1_000_003)).isEqualTo(32353);
    assertThat(draw(-5, 1L << 40)).isEqualTo(1147);
  }

  private static int draw(long key, long index) {
    return draw(Draw.FIRST, key, index);
  }

  private static int draw(Draw draw, long key, long index) {
    return RoundingBits.draw(draw, RoundingBits.mixedKey(key, index), index);
  }

  /** The high byte, and the low one, in 256 bins each. */
  private static void assertUniform(Numbers draw) {
    int[] high = new int[256];
    int[] low = new int[256];
    for (int i = 0; i < DRAWS; i++) {
      int bits = draw.at(i);
      high[bits >>> 8]++;
      low[bits & 255]++;
    }
    assertThat(chiSquare(high)).isLessThan(CHI_SQUARE);
    assertThat(chiSquare(low)).isLessThan(CHI_SQUARE);
  }

  private static double chiSquare(int[] bins) {
    double expected = DRAWS / 256.0;
    double sum = 0;
    for (int count : bins) {
      sum += (count - expected) * (count - expected) / expected;
    }
    return sum;
  }

  private static void assertUncorrelated(Numbers one, Numbers other) {
    double mean = 32767.5;
    double variance = (65536.0 * 65536 - 1) / 12;
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
      sum += (one.at(i) - mean) * (other.at(i) - mean);
    }
    assertThat(sum / DRAWS / variance).isCloseTo(0, within(FOUR_SIGMA));
  }
}
