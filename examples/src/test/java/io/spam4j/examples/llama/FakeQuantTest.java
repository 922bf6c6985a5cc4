package io.spam4j.examples.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FakeQuantTest {
  private static final int GROUP = 256;

  /** Every rounding, with the outliers that the models keep. */
  private static final List<UnaryOperator<Tensor>> ALL =
      List.of(
          FakeQuant::int4Weights,
          x -> FakeQuant.int4Symmetric(x, 2),
          x -> FakeQuant.releasedFp4(x, 2),
          x -> FakeQuant.e2m1(x, 2));

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private PointerScope scope;

  @BeforeEach
  void openScope() {
    scope = new PointerScope();
  }

  @AfterEach
  void closeScope() {
    scope.close();
  }

  @Test
  void int4Weights_rangeOf15_isRoundedToIntegers() {
    // s = 1, z = 5; halves go to even numbers
    assertRounded(
        FakeQuant::int4Weights,
        new float[] {-5, 10, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 2.4f, 9.6f, -4.6f},
        new float[] {-5, 10, 0, 2, 2, 0, -2, 2, 10, -5});
  }

  @Test
  void int4Weights_unevenRange_levelsAreMultiplesOfAFifteenthOfIt() {
    // s = 0.2, z = 5: from -1 to 2
    Tensor rounded = FakeQuant.int4Weights(group(-1, 2, 0.29f, 0.31f, -0.89f, 1.91f));
    assertClose(rounded, -1, 2, 0.2, 0.4, -0.8, 2);
  }

  @Test
  void int4Weights_oneSign_endAwayFromZeroIsCutToTheRange() {
    // s = 1 / 15; z would be -15 and is 0, so that 15 s = 1 is the largest; and the mirror image
    float[] positive = filled(1);
    positive[7] = 2;
    assertThat(values(FakeQuant.int4Weights(tensor(positive)))).containsOnly(1);
    float[] negative = filled(-1);
    negative[7] = -2;
    assertThat(values(FakeQuant.int4Weights(tensor(negative)))).containsOnly(-1);
  }

  @Test
  void int4Weights_constantGroup_becomesTheLeastRange() {
    assertThat(values(FakeQuant.int4Weights(tensor(filled(3))))).containsOnly(1e-5f);
    assertThat(values(FakeQuant.int4Weights(tensor(filled(-3))))).containsOnly(-1e-5f);
  }

  @Test
  void int4Symmetric_largestLeftIs7_restIsRoundedToIntegers() {
    assertRounded(
        x -> FakeQuant.int4Symmetric(x, 2),
        new float[] {100.3f, -50.7f, 7, 0.5f, 1.5f, 2.5f, -3.5f, -6.4f, 6.6f},
        new float[] {100.3f, -50.7f, 7, 0, 2, 2, -4, -6, 7});
  }

  @Test
  void int4Symmetric_equalMagnitudes_twoAreKeptAndTheThirdIsTheScale() {
    assertRounded(
        x -> FakeQuant.int4Symmetric(x, 2),
        new float[] {7, -7, 7, -7, 6.4f, -6.6f},
        new float[] {7, -7, 7, -7, 6, -7});
  }

  @Test
  void int4Symmetric_noneKept_largestIsTheScale() {
    assertRounded(
        x -> FakeQuant.int4Symmetric(x, 0),
        new float[] {-14, 7, 1, 3, 2.9f, -13.1f},
        new float[] {-14, 8, 0, 4, 2, -14});
  }

  @Test
  void releasedFp4_largestLeftIs4_restIsRoundedToIntegers() {
    assertRounded(
        x -> FakeQuant.releasedFp4(x, 2),
        new float[] {-9.1f, 8.3f, -4, 0.5f, 0.6f, 1.5f, 2.5f, -2.6f, 3.4f, 3.6f},
        new float[] {-9.1f, 8.3f, -4, 0, 1, 2, 2, -3, 3, 4});
  }

  @Test
  void e2m1_largestLeftIs6_restIsOnTheGrid() {
    float[] grid = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    assertRounded(x -> FakeQuant.e2m1(x, 0), grid, grid);
    // halfway: to the neighbour with an even mantissa
    assertRounded(
        x -> FakeQuant.e2m1(x, 2),
        new float[] {31.3f, -29.7f, 6, 0.25f, 0.75f, 1.25f, -1.75f, 2.5f, -3.5f, 5},
        new float[] {31.3f, -29.7f, 6, 0, 1, 1, -2, 2, -4, 4});
    assertRounded(
        x -> FakeQuant.e2m1(x, 0),
        new float[] {-6, 0.26f, 0.74f, 1.9f, 2.4f, 2.6f, -4.9f, 5.1f},
        new float[] {-6, 0.5f, 0.5f, 2, 2, 3, -4, 6});
  }

  @Test
  void grids_manyNumbers_haveAllTheirLevelsAndNoOther() {
    float[] ramp = new float[GROUP];
    for (int i = 0; i < GROUP; i++) {
      ramp[i] = (i - 127.5f) / 127.5f; // from -1 to 1, no zero
    }
    assertLevels(FakeQuant.int4Symmetric(tensor(ramp), 0), 15, 7);
    assertLevels(FakeQuant.releasedFp4(tensor(ramp), 0), 9, 4);
    assertLevels(FakeQuant.e2m1(tensor(ramp), 0), 15, 12);
    float[] uneven = new float[GROUP];
    for (int i = 0; i < GROUP; i++) {
      uneven[i] = (i - 85) / 17f; // from -5 to 10
    }
    assertLevels(FakeQuant.int4Weights(tensor(uneven)), 16, 1);
    // s = 2 / 15: the ends lie halfway between levels, and one of 16 is lost
    assertLevels(FakeQuant.int4Weights(tensor(ramp)), 15, 7.5);
  }

  @Test
  void all_zeros_stayZeros() {
    for (UnaryOperator<Tensor> rounding : ALL) {
      assertThat(values(rounding.apply(group()))).containsOnly(0);
    }
  }

  @Test
  void all_twoDistinctValues_stay() {
    float[] two = filled(6);
    Arrays.fill(two, 100, GROUP, -9);
    assertThat(values(FakeQuant.int4Weights(tensor(two)))).isEqualTo(two);
    float[] sign = filled(3);
    Arrays.fill(sign, 100, GROUP, -3);
    for (int kept : new int[] {0, 2}) {
      assertThat(values(FakeQuant.int4Symmetric(tensor(sign), kept))).isEqualTo(sign);
      assertThat(values(FakeQuant.releasedFp4(tensor(sign), kept))).isEqualTo(sign);
      assertThat(values(FakeQuant.e2m1(tensor(sign), kept))).isEqualTo(sign);
    }
  }

  @Test
  void all_groups_haveScalesOfTheirOwnAcrossRows() {
    // 4 rows of 128 are 2 groups, of which the second is 8 times the first
    float[] values = new float[2 * GROUP];
    for (int i = 0; i < GROUP; i++) {
      values[i] = (i * 37 % GROUP - 100) / 64f;
      values[GROUP + i] = 8 * values[i];
    }
    for (UnaryOperator<Tensor> rounding : ALL) {
      Tensor rounded = rounding.apply(tensor(values).view(4, GROUP / 2));
      assertThat(rounded.size(0)).isEqualTo(4);
      assertThat(rounded.size(1)).isEqualTo(GROUP / 2);
      float[] result = values(rounded);
      for (int i = 0; i < GROUP; i++) {
        assertThat(result[GROUP + i]).isEqualTo(8 * result[i]);
      }
      assertThat(levels(Arrays.copyOf(result, GROUP))).hasSizeBetween(8, 18);
    }
  }

  @Test
  void all_gradient_passesStraightThrough() {
    float[] upstream = new float[GROUP];
    for (int i = 0; i < GROUP; i++) {
      upstream[i] = (i - 77) / 3f;
    }
    for (UnaryOperator<Tensor> rounding : ALL) {
      Tensor x = group(100, -50, 7, 0.1f, -0.3f, 5).requires_grad_(true);
      rounding.apply(x).mul(tensor(upstream)).sum().backward();
      assertThat(values(x.grad())).isEqualTo(upstream);
    }
  }

  @Test
  void all_notANumber_isNotHidden() {
    for (UnaryOperator<Tensor> rounding : ALL) {
      float[] result = values(rounding.apply(group(1, 2, Float.NaN, 3, 4)));
      assertThat(result[2]).isNaN();
    }
  }

  @Test
  void all_elementsNoMultipleOfTheGroup_areRefused() {
    for (UnaryOperator<Tensor> rounding : ALL) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> rounding.apply(torch.zeros(3, 100)))
          .withMessage("elements must be a multiple of the group: elements=300, group=256");
    }
  }

  @Test
  void kept_outOfRange_isRefused() {
    for (int kept : new int[] {-1, GROUP}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> FakeQuant.e2m1(group(), kept))
          .withMessage("kept must be in [0, 255]: kept=" + kept);
    }
    assertThat(values(FakeQuant.e2m1(group(3, 2), 255))).startsWith(3, 2, 0);
  }

  /** Exactly, the rest of the group being zero. */
  private static void assertRounded(
      UnaryOperator<Tensor> rounding, float[] first, float[] expected) {
    assertThat(values(rounding.apply(group(first)))).isEqualTo(Arrays.copyOf(expected, GROUP));
  }

  private static void assertClose(Tensor actual, double... expected) {
    float[] values = values(actual);
    for (int i = 0; i < GROUP; i++) {
      double value = i < expected.length ? expected[i] : 0;
      assertThat((double) values[i]).as("element %d", i).isCloseTo(value, within(1e-6));
    }
  }

  /** Multiples of 1 / unit, so many of them. */
  private static void assertLevels(Tensor rounded, int count, double unit) {
    Set<Float> levels = levels(values(rounded));
    assertThat(levels).hasSize(count);
    assertThat(levels)
        .allSatisfy(
            level -> assertThat(level * unit).isCloseTo(Math.rint(level * unit), within(1e-5)));
  }

  /** Distinct values, zeros of both signs being one. */
  private static Set<Float> levels(float[] values) {
    Set<Float> levels = new TreeSet<>();
    IntStream.range(0, values.length).forEach(i -> levels.add(values[i] + 0f));
    return levels;
  }

  private static Tensor group(float... first) {
    return tensor(Arrays.copyOf(first, GROUP));
  }

  private static float[] filled(float value) {
    float[] values = new float[GROUP];
    Arrays.fill(values, value);
    return values;
  }

  private static Tensor tensor(float... values) {
    return torch.from_blob(new FloatPointer(values), values.length).clone();
  }

  /** With 0 for -0. */
  private static float[] values(Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.numel())];
    tensor.detach().contiguous().data_ptr_float().get(values);
    for (int i = 0; i < values.length; i++) {
      values[i] += 0f;
    }
    return values;
  }
}
