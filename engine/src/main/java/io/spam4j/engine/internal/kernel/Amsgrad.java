package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.lang.foreign.MemorySegment;

/**
 * The weights' half of an update that divides by the largest second moment so far (AMSGrad, Reddi
 * et al., arXiv 1904.09237, Algorithm 2); {@link FusedUpdate} has done the moments.
 */
public final class Amsgrad {
  private Amsgrad() {}

  /**
   * Raises the largest second moments and moves the weights, of the elements {@code [from, to)}.
   *
   * @param largest the largest second moment of each element so far
   */
  public static void apply(
      Operands o, MemorySegment largest, long from, long to, UpdateCoefficients c) {
    for (long i = from; i < to; i++) {
      long at = i * Float.BYTES;
      float raw = o.gradient.get(JAVA_FLOAT_UNALIGNED, (i + o.gradientShift) * Float.BYTES);
      if (UpdateScalar.isSkipped(raw, c)) {
        continue;
      }
      float second =
          Math.max(
              largest.get(JAVA_FLOAT_UNALIGNED, at), o.secondMoment.get(JAVA_FLOAT_UNALIGNED, at));
      largest.set(JAVA_FLOAT_UNALIGNED, at, second);
      if (c.changesWeights()) {
        long weightAt = (i + o.weightShift) * Float.BYTES;
        float weight = o.weights.get(JAVA_FLOAT_UNALIGNED, weightAt);
        float first = o.firstMoment.get(JAVA_FLOAT_UNALIGNED, at);
        o.weights.set(JAVA_FLOAT_UNALIGNED, weightAt, UpdateScalar.moved(weight, first, second, c));
      }
    }
    if (!c.skipsNonFinite) {
      QuietNaN.in(o.weights, from + o.weightShift, to + o.weightShift);
      QuietNaN.in(o.firstMoment, from, to);
      QuietNaN.in(o.secondMoment, from, to);
      QuietNaN.in(largest, from, to);
    }
  }
}
