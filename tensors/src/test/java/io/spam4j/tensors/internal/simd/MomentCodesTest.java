package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What 8-bit moments make of single values, of special ones, and of many. */
final class MomentCodesTest {
  private static final int BLOCK = MomentCodes.BLOCK;

  private float[] first = new float[0];
  private float[] second = new float[0];
  private int grid;

  /** Encodes and decodes; the grids are those of zeros at first. */
  private void thereAndBack(long key) {
    int n = first.length;
    MemorySegment firstCodes = MemorySegment.ofArray(new byte[n]);
    MemorySegment secondCodes = MemorySegment.ofArray(new byte[n]);
    MemorySegment grids = MemorySegment.ofArray(new int[(int) MomentCodes.blockCount(n)]);
    grids.set(JAVA_INT_UNALIGNED, 0, grid);
    MemorySegment ofFirst = MemorySegment.ofArray(first);
    MemorySegment ofSecond = MemorySegment.ofArray(second);
    MomentCodes.encode(ofFirst, ofSecond, 0, firstCodes, secondCodes, grids, 0, n, key);
    MomentCodes.decode(firstCodes, secondCodes, grids, 0, ofFirst, ofSecond, 0, n);
    grid = grids.get(JAVA_INT_UNALIGNED, 0);
  }

  /** A block that begins with these values; the others are the last of them. */
  private static float[] block(float... values) {
    float[] block = Arrays.copyOf(values, BLOCK);
    Arrays.fill(block, values.length, BLOCK, values[values.length - 1]);
    return block;
  }

  @Test
  void blockCount_isRoundedUp() {
    assertThat(MomentCodes.blockCount(0)).isEqualTo(0);
    assertThat(MomentCodes.blockCount(1)).isEqualTo(1);
    assertThat(MomentCodes.blockCount(128)).isEqualTo(1);
    assertThat(MomentCodes.blockCount(129)).isEqualTo(2);
  }

  @Test
  void whatWasDecoded_staysWhatItIs() {
    var random = new Random(3);
    first = new float[BLOCK];
    second = new float[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
      double root = Math.exp(3 * random.nextGaussian());
      second[i] = i == 5 ? 0 : (float) (root * root);
      first[i] = i == 5 ? 0 : (float) (root * random.nextGaussian());
    }
    thereAndBack(1);
    float[] once = first.clone();
    float[] onceSecond = second.clone();
    for (long key = 2; key < 20; key++) {
      thereAndBack(key);
      assertThat(first).isEqualTo(once);
      assertThat(second).isEqualTo(onceSecond);
    }
  }

  @Test
  void roots_thatAreAlike_haveAFinerGrid() {
    first = block(0.1f);
    second = block(1, 1.1f);
    thereAndBack(1);
    assertThat(MomentGrid.shift(grid)).isEqualTo(14);
    assertThat(second[0]).isCloseTo(1, within(0.005f));
    first = block(0.1f);
    second = block(1, 1.1f, 1e-8f);
    thereAndBack(1);
    assertThat(MomentGrid.shift(grid)).isEqualTo(19);
    second = block(0, 1.1f);
    grid = 0;
    thereAndBack(1);
    assertThat(MomentGrid.shift(grid)).isEqualTo(19);
    assertThat(second[0]).isEqualTo(0);
  }

  @Test
  void zeroBlock_isZero_andGetsAGridWithItsFirstRoot() {
    first = new float[BLOCK];
    second = new float[BLOCK];
    thereAndBack(1);
    assertThat(grid).isEqualTo(0);
    assertThat(second).containsOnly(0);
    assertThat(first).containsOnly(0);
    second[7] = 4;
    first[7] = -1;
    thereAndBack(1);
    assertThat(second[7]).isCloseTo(4, within(0.6f));
    assertThat(first[7]).isCloseTo(-1, within(0.1f));
    assertThat(second[8]).isEqualTo(0);
  }

  @Test
  void tooSmallRoots_areRaised_andNeverZero() {
    first = block(0);
    second = block(1, 1e-30f);
    thereAndBack(1);
    assertThat(second[1]).isBetween(1e-11f, 1e-8f);
    first = block(0);
    second = block(1.4e-45f);
    grid = 0;
    thereAndBack(1);
    assertThat(second[1]).isEqualTo(Float.MIN_NORMAL);
  }

  @Test
  void largestNumbers_stayFinite() {
    first = block(Float.MAX_VALUE, -Float.MAX_VALUE, 1);
    second = block(Float.POSITIVE_INFINITY, Float.MAX_VALUE, 1);
    for (long key = 0; key < 10; key++) {
      thereAndBack(key);
      for (int i = 0; i < BLOCK; i++) {
        assertThat(first[i]).isFinite();
        assertThat(second[i]).isFinite();
      }
      assertThat(second[0]).isGreaterThan(2e38f);
      assertThat(first[0]).isGreaterThan(1e20f);
      assertThat(MomentGrid.isPossible(grid)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void blockWithoutFiniteMoment_becomesNaN_othersStay(float bad) {
    first = new float[2 * BLOCK];
    second = new float[2 * BLOCK];
    Arrays.fill(second, 1);
    first[3] = bad;
    thereAndBack(1);
    assertThat(grid).isEqualTo(MomentGrid.NAN);
    for (int i = 0; i < 2 * BLOCK; i++) {
      assertThat(Float.isNaN(first[i])).isEqualTo(i < BLOCK);
      assertThat(Float.isNaN(second[i])).isEqualTo(i < BLOCK);
    }
    thereAndBack(2);
    assertThat(grid).isEqualTo(MomentGrid.NAN);
  }

  @ParameterizedTest
  @ValueSource(floats = {5.3f, 0.71f, 0.13f, 0.0101f, 1e-3f, 1e-4f})
  void mean_isTheValue(float ratio) {
    int count = 1 << 17;
    first = new float[count];
    second = new float[count];
    float root = 0.7f;
    for (int i = 0; i < count; i++) {
      second[i] = i % BLOCK == 3 ? 1e-6f : root * root;
      first[i] = i % 4 < 2 ? ratio * root : -ratio * root;
    }
    thereAndBack(99);
    double sum = 0;
    double squares = 0;
    double roots = 0;
    double rootSquares = 0;
    int elements = 0;
    for (int i = 0; i < count; i++) {
      if (i % BLOCK != 3) {
        double error = first[i] * (i % 4 < 2 ? 1 : -1) - ratio * root;
        sum += error;
        squares += error * error;
        double rootError = Math.sqrt(second[i]) - root;
        roots += rootError;
        rootSquares += rootError * rootError;
        elements++;
      }
    }
    assertThat(sum / elements).isCloseTo(0, within(4 * Math.sqrt(squares) / elements + 1e-7));
    assertThat(roots / elements).isCloseTo(0, within(4 * Math.sqrt(rootSquares) / elements));
    assertThat(Math.sqrt(squares / elements)).isLessThan((ratio + 1 / 32f) * root / 32);
    assertThat(Math.sqrt(rootSquares / elements)).isLessThan(root / 32);
  }

  @Test
  void grids_ofAllRanges_areKeptByWhatTheyAreChosenFor() {
    var random = new Random(4);
    for (int k = 0; k < 200_000; k++) {
      float one =
          (float) Math.sqrt(Math.pow(2, random.nextInt(-149, 128)) * (1 + random.nextDouble()));
      float other =
          random.nextInt(20) == 0
              ? 0
              : one * (float) Math.exp(-random.nextDouble() * random.nextInt(1, 20));
      int most = Float.floatToRawIntBits(one);
      int least = Math.min(most, Float.floatToRawIntBits(other));
      int chosen = MomentGrid.chosen(most, least);
      assertThat(MomentGrid.isPossible(chosen)).isTrue();
      if (one < 1.7e19f) {
        assertThat(MomentGrid.keeps(chosen, most, least))
            .as("most=%s, least=%s, grid=%08x", one, other, chosen)
            .isTrue();
      }
    }
  }

  @Test
  void otherNumbers_areNoGrids() {
    assertThat(MomentGrid.isPossible(MomentGrid.NAN)).isFalse();
    assertThat(MomentGrid.isPossible(Float.floatToRawIntBits(-1f))).isFalse();
    assertThat(MomentGrid.isPossible(Float.floatToRawIntBits(1f))).isFalse();
    assertThat(MomentGrid.isPossible(0x3f80_0013)).isTrue();
    assertThat(MomentGrid.isPossible(0x3f84_0013)).isFalse();
    assertThat(MomentGrid.isPossible(0x5f78_0013)).isFalse();
    assertThat(MomentGrid.isPossible(0x1ff0_0013)).isFalse();
  }
}
