package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Moving averages that are kept as codes follow those in float32 when the gradient drops to a
 * tenth, if rounding is random; rounded to the nearest, the second moment stands still.
 */
final class MovingAverageTest {
  private static final int COUNT = 2 * MomentCodes.BLOCK;
  private static final int STEPS = 3000;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment floats = arena.allocate(4L * COUNT, 64);
  private final MemorySegment codes = arena.allocate(2L * COUNT, 64);
  private final MemorySegment others = arena.allocate(4L * COUNT, 64);
  private final MemorySegment secondCodes = arena.allocate(COUNT, 64);
  private final MemorySegment grids = arena.allocate(4L * COUNT, 64);
  private final float[] sigmas = sigmas(new Random(12));

  /** Puts the floats into codes and takes them out again. */
  private interface Codec {
    void thereAndBack(long step);
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void secondMoment_inCodes_follows() {
    double[] ratios = rootsAfterDrop(this::codesOfSecond);
    assertThat(ratios[0]).isCloseTo(1, within(0.02));
    assertThat(ratios[1]).isCloseTo(1, within(0.02));
  }

  @Test
  void secondMoment_inBfloat16_follows() {
    double[] ratios = rootsAfterDrop(this::bfloat16Stochastic);
    assertThat(ratios[0]).isCloseTo(1, within(0.02));
    assertThat(ratios[1]).isCloseTo(1, within(0.02));
  }

  @Test
  void secondMoment_roundedToTheNearest_standsStill() {
    Codec bfloat16 =
        _ -> {
          Bfloat16.encodeNearest(floats, 0, codes, 0, COUNT);
          Bfloat16.decode(codes, 0, floats, 0, COUNT);
        };
    assertThat(rootsAfterDrop(bfloat16)[1]).isGreaterThan(2);
  }

  @Test
  void firstMoment_inCodes_follows() {
    double[] random = meansAfterDrop(this::codesOfFirst);
    assertThat(random[0]).isCloseTo(1, within(0.02));
    assertThat(random[1]).isCloseTo(1, within(0.02));
  }

  private void codesOfSecond(long step) {
    thereAndBack(others, floats, step);
  }

  private void codesOfFirst(long step) {
    for (int i = 0; i < COUNT; i++) { // a root of three times the gradient
      float second = 9 * sigmas[i] * sigmas[i];
      others.setAtIndex(JAVA_FLOAT_UNALIGNED, i, i % 2 == 0 ? second : second / 100);
    }
    thereAndBack(floats, others, step);
  }

  private void thereAndBack(MemorySegment first, MemorySegment second, long step) {
    MomentCodes.encode(first, second, 0, codes, secondCodes, grids, 0, COUNT, step);
    MomentCodes.decode(codes, secondCodes, grids, 0, first, second, 0, COUNT);
  }

  private void bfloat16Stochastic(long step) {
    Bfloat16.encodeStochastic(floats, 0, codes, 0, COUNT, Draw.SECOND, step, 0);
    Bfloat16.decode(codes, 0, floats, 0, COUNT);
  }

  /**
   * The mean root of the second moment as codes, divided by that in float32: of the elements whose
   * gradient stays, and of those whose gradient drops.
   */
  private double[] rootsAfterDrop(Codec codec) {
    var random = new Random(12);
    float[] sigma = sigmas(random);
    float[] exact = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      exact[i] = sigma[i] * sigma[i];
      floats.setAtIndex(JAVA_FLOAT_UNALIGNED, i, exact[i]);
    }
    for (int step = 0; step < STEPS; step++) {
      for (int i = 0; i < COUNT; i++) {
        float gradient = (float) random.nextGaussian() * after(sigma, i);
        float square = gradient * gradient * (1 - 0.999f);
        float kept = floats.getAtIndex(JAVA_FLOAT_UNALIGNED, i) * 0.999f;
        floats.setAtIndex(JAVA_FLOAT_UNALIGNED, i, kept + square);
        exact[i] = exact[i] * 0.999f + square;
      }
      codec.thereAndBack(step);
    }
    double[] sums = new double[2];
    double[] exactSums = new double[2];
    for (int i = 0; i < COUNT; i++) {
      sums[i % 2] += Math.sqrt(floats.getAtIndex(JAVA_FLOAT_UNALIGNED, i));
      exactSums[i % 2] += Math.sqrt(exact[i]);
    }
    return new double[] {sums[0] / exactSums[0], sums[1] / exactSums[1]};
  }

  /** The same for means of the first moment over the last 1000 steps, divided by the gradient. */
  private double[] meansAfterDrop(Codec codec) {
    float[] sigma = sigmas(new Random(12));
    for (int i = 0; i < COUNT; i++) {
      floats.setAtIndex(JAVA_FLOAT_UNALIGNED, i, sigma[i]);
    }
    double[] sums = new double[2];
    double[] exactSums = new double[2];
    for (int step = 0; step < STEPS; step++) {
      for (int i = 0; i < COUNT; i++) {
        float kept = floats.getAtIndex(JAVA_FLOAT_UNALIGNED, i) * 0.9f;
        floats.setAtIndex(JAVA_FLOAT_UNALIGNED, i, kept + after(sigma, i) * (1 - 0.9f));
      }
      codec.thereAndBack(step);
      for (int i = 0; i < COUNT && step >= STEPS - 1000; i++) {
        sums[i % 2] += floats.getAtIndex(JAVA_FLOAT_UNALIGNED, i);
        exactSums[i % 2] += after(sigma, i);
      }
    }
    return new double[] {sums[0] / exactSums[0], sums[1] / exactSums[1]};
  }

  /** The size of an element's gradient after the drop. */
  private static float after(float[] sigma, int i) {
    return i % 2 == 0 ? sigma[i] : sigma[i] / 10;
  }

  private static float[] sigmas(Random random) {
    float[] sigma = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      sigma[i] = (float) Math.exp(0.5 * random.nextGaussian()) * 1e-3f;
    }
    return sigma;
  }
}
