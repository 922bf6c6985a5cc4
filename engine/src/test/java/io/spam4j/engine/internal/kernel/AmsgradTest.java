package io.spam4j.engine.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * AMSGrad outside the heap, by vectors, has the bits of its scalar form, which heap memory takes.
 */
@Tag("kernel")
final class AmsgradTest {
  private static final int[] SIZES = {1, 15, 16, 17, 65, 1021, 4099};

  private static UpdateCoefficients coefficients(
      double before, double after, double coupled, double epsilon, boolean skips) {
    var c = new UpdateCoefficients();
    c.beta1 = 0.9f;
    c.oneMinusBeta1 = 0.1f;
    c.beta2 = 0.99f;
    c.oneMinusBeta2 = 0.01f;
    c.flushBelow = Float.MIN_NORMAL;
    c.gradientLimit = 1e18f;
    c.stepSize = 0.01f;
    c.epsilon = (float) epsilon;
    c.decayBefore = (float) before;
    c.decayAfter = (float) after;
    c.coupledDecay = (float) coupled;
    c.skipsNonFinite = skips;
    c.leavesWeights = true;
    return c;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, 0, 1e-8, true",
    "0.99, 0, 0, 1e-8, true",
    "1, 0.01, 0, 1e-8, true",
    "1, 0, 0.1, 1e-8, true",
    "1, 0, 0, 0, true",
    "1, 0, 0, 1e-8, false"
  })
  void steps_haveTheBitsOfTheScalarForm(
      double before, double after, double coupled, double epsilon, boolean skips) {
    UpdateCoefficients c = coefficients(before, after, coupled, epsilon, skips);
    for (int size : SIZES) {
      try (Arena arena = Arena.ofConfined()) {
        var random = new Random(size);
        MemorySegment[] heap = new MemorySegment[5];
        MemorySegment[] outside = new MemorySegment[5];
        for (int i = 0; i < heap.length; i++) {
          heap[i] = MemorySegment.ofArray(new float[size]);
          outside[i] = arena.allocate(4L * size + 4).asSlice(4); // not aligned to vectors
        }
        draw(heap[0], random);
        for (int t = 1; t <= 4; t++) {
          draw(heap[1], random);
          if (t == 3) {
            heap[1].setAtIndex(ValueLayout.JAVA_FLOAT, size / 2, Float.NaN);
            heap[1].setAtIndex(ValueLayout.JAVA_FLOAT, size / 3, 1e30f);
          }
          for (int i = 0; i < (t == 1 ? heap.length : 2); i++) {
            if (i != 0 || t == 1) {
              outside[i].copyFrom(heap[i]);
            }
          }
          c.momentsAreZero = t == 1;
          UpdateTally expected = step(heap, size, c);
          UpdateTally actual = step(outside, size, c);
          assertThat(actual.skipped).isEqualTo(expected.skipped);
          assertThat(actual.clamped).isEqualTo(expected.clamped);
          assertThat(actual.largestRatio).isEqualTo(expected.largestRatio);
          assertThat(actual.largestAt).isEqualTo(expected.largestAt);
          for (int i = 0; i < heap.length; i++) {
            assertThat(outside[i].mismatch(heap[i])).isEqualTo(-1);
          }
        }
      }
    }
  }

  /** A negative NaN, as x86 makes of two infinities, comes in by the L2 term. */
  @Test
  void weightsThatAreNotFinite_makeNaNOfTheLargest() {
    UpdateCoefficients c = coefficients(1, 0, 0.1, 1e-8, /* skips= */ true);
    for (int size : SIZES) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment[] heap = new MemorySegment[5];
        MemorySegment[] outside = new MemorySegment[5];
        for (int i = 0; i < heap.length; i++) {
          heap[i] = MemorySegment.ofArray(new float[size]);
          draw(heap[i], new Random(i));
        }
        for (int i = 0; i < size; i++) {
          heap[3].setAtIndex(ValueLayout.JAVA_FLOAT, i, 1);
          heap[4].setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 2 == 0 ? Float.POSITIVE_INFINITY : 1);
          heap[0].setAtIndex(ValueLayout.JAVA_FLOAT, i, Float.intBitsToFloat(0xffc00000));
        }
        for (int i = 0; i < heap.length; i++) {
          outside[i] = arena.allocate(4L * size);
          outside[i].copyFrom(heap[i]);
        }
        UpdateTally _ = step(heap, size, c);
        UpdateTally _ = step(outside, size, c);
        for (int i = 0; i < size; i++) {
          assertThat(heap[4].getAtIndex(ValueLayout.JAVA_FLOAT, i)).isNaN();
          assertThat(outside[4].getAtIndex(ValueLayout.JAVA_FLOAT, i)).isNaN();
        }
      }
    }
  }

  private static void draw(MemorySegment floats, Random random) {
    for (long i = 0; i < floats.byteSize() / 4; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
  }

  private static UpdateTally step(MemorySegment[] of, int size, UpdateCoefficients c) {
    var o = new Operands();
    o.weights = of[0];
    o.gradient = of[1];
    o.firstMoment = of[2];
    o.secondMoment = of[3];
    var tally = new UpdateTally();
    Amsgrad.apply(o, of[4], 0, size, c, tally);
    return tally;
  }
}
