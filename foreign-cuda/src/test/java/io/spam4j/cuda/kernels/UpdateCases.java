package io.spam4j.cuda.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.spam4j.cuda.kernels.UpdateTables.Case;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.testing.TestOperands;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Tensors with values and rules of all kinds, and what the engine makes of them. */
final class UpdateCases {
  private static final float[] SPECIAL = {
    0,
    -0f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MIN_VALUE,
    -Float.MIN_NORMAL,
    1e-30f,
    1e20f,
    -Float.MAX_VALUE
  };

  private final Random random;

  UpdateCases(long seed) {
    random = new Random(seed);
  }

  /** A tensor of which these elements are selected; all, where it is dense. */
  Case next(int elements, int[] positions) {
    return next(elements, positions, 0);
  }

  /** The same, whose streams lie so many bytes behind an aligned address. */
  Case next(int elements, int[] positions, int shift) {
    float[] second = values(positions.length, 0);
    for (int i = 0; i < second.length; i++) {
      float scale = oneIn(8) ? 0 : oneIn(50) ? 1e-38f : 1e-3f;
      second[i] = second[i] * second[i] * scale;
    }
    return new Case(
        values(elements, 0),
        values(elements, 0.02),
        values(positions.length, 0.01),
        second,
        positions,
        shift,
        coefficients());
  }

  /** A tensor whose few different values lie on every limit of the rules, and beside it. */
  Case onLimits(int elements, int[] positions) {
    Case one =
        new Case(
            drawn(elements, -2, -0f, 1),
            drawn(elements, 0, 1, -1, 2, -2, 3, -3, 4, -4, 5),
            drawn(positions.length, -2, -1, 0, 1, 2, 3),
            drawn(positions.length, 0, 1, 4, 9),
            positions,
            0,
            new UpdateCoefficients());
    // The largest ratio, again and again in what one thread does.
    for (int i = 0; i < positions.length; i++) {
      if (i < 4 || i % 256 == 0) {
        one.gradient[positions[i]] = 3;
        one.second[i] = 1;
      }
    }
    UpdateCoefficients c = one.coefficients;
    c.clipAbove = 4;
    c.clipDivisor = 2;
    c.clipTo = 1;
    c.gradientLimit = 3;
    c.spikeThreshold = 1;
    c.clipsAtZero = oneIn(2);
    c.beta1 = 0.5f;
    c.oneMinusBeta1 = 0.5f;
    c.beta2 = 0.5f;
    c.oneMinusBeta2 = 0.5f;
    c.flushBelow = 1;
    c.stepSize = 0.25f;
    return one;
  }

  /** A tensor whose squares of gradients are just normal numbers, or too small for a ratio. */
  Case onSmallestRatio(int elements, int[] positions) {
    Case one = onLimits(elements, positions);
    float smallest = 0x1p-63f;
    float[] gradient = drawn(elements, 0, smallest, -smallest, Math.nextDown(smallest));
    float[] second = drawn(positions.length, 0, Float.MIN_VALUE, Float.MIN_NORMAL);
    System.arraycopy(gradient, 0, one.gradient, 0, gradient.length);
    System.arraycopy(second, 0, one.second, 0, second.length);
    one.coefficients.stepSize = 0; // and no decay: not even the sign of a zero weight may change
    return one;
  }

  private float[] drawn(int count, float... pool) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = pool[random.nextInt(pool.length)];
    }
    return values;
  }

  private float[] values(int count, double special) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] =
          random.nextDouble() < special
              ? SPECIAL[random.nextInt(SPECIAL.length)]
              : (float) random.nextGaussian();
    }
    return values;
  }

  private UpdateCoefficients coefficients() {
    UpdateCoefficients c = new UpdateCoefficients();
    if (oneIn(2)) {
      c.gradientScale = 0.7f;
      c.clipAbove = 0.9f;
      c.clipDivisor = 1.1f;
      c.clipTo = 0.85f;
    }
    c.normScale = oneIn(2) ? 1 : 1.3f;
    c.gradientLimit = oneIn(2) ? Float.POSITIVE_INFINITY : 1e18f;
    c.coupledDecay = oneIn(2) ? 0 : 0.01f;
    c.spikeThreshold = oneIn(2) ? 1000 : oneIn(3) ? Float.POSITIVE_INFINITY : 1;
    c.nullifiesSpikes = oneIn(2);
    c.clipsAtZero = oneIn(2);
    c.skipsNonFinite = oneIn(2);
    c.beta1 = 0.9f;
    c.oneMinusBeta1 = (float) (1 - 0.9);
    c.beta2 = 0.999f;
    c.oneMinusBeta2 = (float) (1 - 0.999);
    c.flushBelow = oneIn(2) ? 0 : Float.MIN_NORMAL;
    c.epsilon = oneIn(2) ? 0 : 1e-8f;
    c.stepSize = oneIn(4) ? 0 : 1e-3f;
    c.decayBefore = oneIn(2) ? 1 : 0.999f;
    c.decayAfter = oneIn(2) ? 0 : 0.001f;
    c.leavesWeights = oneIn(6);
    c.resetsMoments = oneIn(4);
    c.zeroesMomentsAfter = oneIn(6);
    return c;
  }

  private boolean oneIn(int odds) {
    return random.nextInt(odds) == 0;
  }

  /** The step by the engine; the arrays of the case become what they are after it. */
  static UpdateTally step(Case one) {
    UpdateTally tally = new UpdateTally();
    int count = one.positions.length;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment w = selected(one.weights, one.positions, arena);
      MemorySegment g = selected(one.gradient, one.positions, arena);
      MemorySegment m = arena.allocateFrom(JAVA_FLOAT, one.first);
      MemorySegment v = arena.allocateFrom(JAVA_FLOAT, one.second);
      zero(one.coefficients.resetsMoments, m, v);
      FusedUpdate.apply(TestOperands.of(w, g, m, v), 0, count, one.coefficients, tally);
      zero(one.coefficients.zeroesMomentsAfter, m, v);
      for (int i = 0; i < count; i++) {
        one.weights[one.positions[i]] = w.getAtIndex(JAVA_FLOAT, i);
        one.first[i] = m.getAtIndex(JAVA_FLOAT, i);
        one.second[i] = v.getAtIndex(JAVA_FLOAT, i);
      }
    }
    if (tally.largestAt != UpdateTally.NOWHERE) {
      tally.largestAt = one.positions[Math.toIntExact(tally.largestAt)];
    }
    return tally;
  }

  private static MemorySegment selected(float[] values, int[] positions, Arena arena) {
    MemorySegment selected = arena.allocate(JAVA_FLOAT, positions.length);
    for (int i = 0; i < positions.length; i++) {
      selected.setAtIndex(JAVA_FLOAT, i, values[positions[i]]);
    }
    return selected;
  }

  private static void zero(boolean zeroes, MemorySegment m, MemorySegment v) {
    if (zeroes) {
      m.fill((byte) 0);
      v.fill((byte) 0);
    }
  }
}
