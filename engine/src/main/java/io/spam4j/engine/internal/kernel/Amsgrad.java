package io.spam4j.engine.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;

/**
 * The update that divides by the largest second moment so far (AMSGrad, Reddi et al., arXiv
 * 1904.09237, Algorithm 2). Its scalar form, the specification of {@link AmsgradVector}, is the
 * fused update of the moments and a second half for the weights.
 */
public final class Amsgrad {
  private static final WarmLoop LOOP = new WarmLoop("AMSGrad", AmsgradVector::new, Settings.ANY);

  private Amsgrad() {}

  /**
   * Updates the float32 elements {@code [from, to)}, by the path that {@link VectorMode} chose.
   *
   * @param largest the largest second moment of each element so far
   */
  public static void apply(
      Operands o,
      MemorySegment largest,
      long from,
      long to,
      UpdateCoefficients c,
      UpdateTally tally) {
    boolean areVectors = VectorMode.VECTORS && o.isNative() && largest.isNative();
    UpdateLoop loop = areVectors ? LOOP.get() : null;
    long i = from;
    if (loop != null) {
      o.largest = largest;
      int length = loop.length();
      long end = to - (to - from) % length;
      i = loop.run(o, i, end, c, tally);
      while (i < end) {
        applyScalar(o, largest, i, i + length, c, tally);
        i = loop.run(o, i + length, end, c, tally);
      }
    }
    // The tail is the specification itself; so is all while the loop is not compiled.
    for (long start = i; start < to; start += FusedUpdate.COLD_PART) {
      long end = Math.min(to, start + FusedUpdate.COLD_PART);
      applyScalar(o, largest, start, end, c, tally);
    }
    if (!c.skipsNonFinite) {
      QuietNaN.in(o.weights, from + o.weightShift, to + o.weightShift);
      QuietNaN.in(o.firstMoment, from, to);
      QuietNaN.in(o.secondMoment, from, to);
      QuietNaN.in(largest, from, to);
    }
  }

  private static void applyScalar(
      Operands o,
      MemorySegment largest,
      long from,
      long to,
      UpdateCoefficients c,
      UpdateTally tally) {
    UpdateScalar.apply(o, from, to, c, tally); // leaves the weights
    moveWeights(o, largest, from, to, c);
  }

  /** The second half of the scalar form: the moments are those after the step. */
  public static void moveWeights(
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
  }
}
