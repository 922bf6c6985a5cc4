package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.lang.foreign.MemorySegment;

/**
 * SPAM's update as the authors' chain of operations does it on tensors in bfloat16: every operation
 * computes in float32 and rounds its result to the nearest bfloat16, ties to even. As on a GPU,
 * numbers that are no tensors are float32, and the operations that multiply and add are an fma.
 *
 * <p>All four streams are bfloat16, with nothing shifted. Symbols as in {@link UpdateScalar}.
 */
public final class EmulatedUpdate {
  /* For comparing numbers, not for training: an element at a time, and no vector form. */

  private static final int QUIET = 0x0040_0000;
  private static final int HIGH_HALF = 0xffff_0000;

  private EmulatedUpdate() {}

  /** Updates the elements {@code [from, to)} of weights and moments. */
  public static void apply(
      Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    for (long i = from; i < to; i++) {
      update(o, i, i, c, tally);
    }
  }

  /**
   * Updates selected weights, and the packed moments from element {@code from} on.
   *
   * @param positions of the weights; the first {@code count} are used
   */
  public static void applySelected(
      Operands o, long from, long[] positions, int count, UpdateCoefficients c, UpdateTally tally) {
    for (int i = 0; i < count; i++) {
      update(o, from + i, positions[i], c, tally);
    }
  }

  private static void update(
      Operands o, long moment, long at, UpdateCoefficients c, UpdateTally tally) {
    float weight = get(o.weights, at);
    float gradient = get(o.gradient, at);
    float first = get(o.firstMoment, moment);
    float second = get(o.secondMoment, moment);

    float square = gradient * gradient; // exact, unless it over- or underflows
    if (square > tally.largestRatio * second && second > 0 && square >= Float.MIN_NORMAL) {
      tally.largestRatio = UpdateScalar.ratio(square, second);
      tally.largestAt = at;
    }
    // spike: g^2 > theta * v  =>  g = sign(g) * sqrt(theta * v)
    float limit = rounded(c.spikeThreshold * second);
    if (rounded(square) > limit) {
      gradient = Math.copySign(rounded((float) Math.sqrt(limit)), gradient);
      tally.spikes++;
    }

    // m *= beta1;  m += (1 - beta1) * g;  v *= beta2;  v += (1 - beta2) * g^2
    first = rounded(Math.fma(c.oneMinusBeta1, gradient, rounded(c.beta1 * first)));
    second = rounded(Math.fma(c.oneMinusBeta2, gradient * gradient, rounded(c.beta2 * second)));
    set(o.firstMoment, moment, first);
    set(o.secondMoment, moment, second);

    // u = m / (sqrt(v) + eps);  u *= scale;  w -= step * u;  w -= after * w
    float denominator = rounded(rounded((float) Math.sqrt(second)) + c.epsilon);
    float direction = rounded(rounded(first / denominator) * c.directionScale);
    weight = rounded(Math.fma(-c.stepSize, direction, weight));
    if (c.decayAfter != 0) {
      weight = rounded(Math.fma(-c.decayAfter, weight, weight));
    }
    set(o.weights, at, weight);
  }

  /** The nearest bfloat16, ties to even; a NaN becomes quiet. */
  static float rounded(float value) {
    int bits = Float.floatToRawIntBits(value);
    int even = bits >>> 16 & 1;
    int rounded = Float.isNaN(value) ? bits | QUIET : bits + 0x7fff + even;
    return Float.intBitsToFloat(rounded & HIGH_HALF);
  }

  private static float get(MemorySegment from, long element) {
    return Float.intBitsToFloat(from.get(JAVA_SHORT_UNALIGNED, element * Short.BYTES) << 16);
  }

  private static void set(MemorySegment to, long element, float value) {
    short high = (short) (Float.floatToIntBits(value) >>> 16); // one NaN for all
    to.set(JAVA_SHORT_UNALIGNED, element * Short.BYTES, high);
  }
}
