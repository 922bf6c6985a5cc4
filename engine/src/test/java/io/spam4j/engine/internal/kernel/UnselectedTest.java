package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Outside the heap, by vectors, weights without moments get the bits of the scalar form. */
@Tag("kernel")
final class UnselectedTest {
  private static final int[] SIZES = {0, 1, 15, 16, 17, 65, 1021, 4096, 9001};
  private static final int FROM = 3; // in the tensor
  private static final float[] UNUSUAL = {
    Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0, -0f, 1e-40f, 3e38f, -1e19f, 5
  };

  @ParameterizedTest
  @CsvSource({
    "true, false, true, 0",
    "true, true, true, 0",
    "true, true, false, 0.25",
    "false, true, true, 0",
    "false, true, true, 0.25"
  })
  void weights_haveTheBitsOfTheScalarForm(
      boolean descends, boolean decays, boolean skips, float coupledDecay) {
    UpdateCoefficients c = coefficients(skips, coupledDecay);
    long counted = 0;
    for (int size : SIZES) {
      for (float density : new float[] {0, 0.01f, 0.3f, 1}) {
        var random = new Random(size);
        float[] weights = values(random, FROM + size + 1);
        float[] gradient = values(random, size);
        long[] selected =
            IntStream.range(FROM, FROM + size)
                .filter(_ -> random.nextFloat() < density)
                .asLongStream()
                .toArray();
        var moving = new Unselected(descends, decays, selected);
        var expected = new UpdateTally();
        float[] onHeap = weights.clone();
        move(moving, MemorySegment.ofArray(onHeap), gradient, selected.length, c, expected);
        try (Arena arena = Arena.ofConfined()) {
          var actual = new UpdateTally();
          MemorySegment outside = arena.allocateFrom(JAVA_FLOAT, weights);
          MemorySegment g = arena.allocateFrom(JAVA_FLOAT, gradient);
          moving.begin(selected.length);
          moving.apply(outside, g, FROM, FROM + size, c, actual);
          assertThat(outside.mismatch(MemorySegment.ofArray(onHeap))).isEqualTo(-1);
          assertThat(actual).usingRecursiveComparison().isEqualTo(expected);
        }
        for (long i : selected) {
          assertThat(Float.floatToRawIntBits(onHeap[(int) i]))
              .isEqualTo(Float.floatToRawIntBits(weights[(int) i]));
        }
        counted += expected.skipped + expected.clamped + expected.lowered;
      }
    }
    assertThat(counted > 0).isEqualTo(skips || descends);
  }

  private static void move(
      Unselected moving,
      MemorySegment weights,
      float[] gradient,
      int count,
      UpdateCoefficients c,
      UpdateTally tally) {
    moving.begin(count);
    MemorySegment g = MemorySegment.ofArray(gradient);
    moving.apply(weights, g, FROM, FROM + gradient.length, c, tally);
  }

  private static float[] values(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      boolean isUnusual = random.nextInt(60) == 0;
      values[i] =
          isUnusual ? UNUSUAL[random.nextInt(UNUSUAL.length)] : (float) random.nextGaussian();
    }
    return values;
  }

  private static UpdateCoefficients coefficients(boolean skips, float coupledDecay) {
    var c = new UpdateCoefficients();
    c.skipsNonFinite = skips;
    c.gradientScale = 0.75f;
    c.normScale = 1.5f;
    c.clipAbove = 3;
    c.clipDivisor = 4;
    c.clipTo = 3;
    c.gradientLimit = 1e18f;
    c.coupledDecay = coupledDecay;
    c.stepSize = 0.01f;
    c.decayBefore = 0.99f;
    c.decayAfter = 0.01f;
    return c;
  }
}
