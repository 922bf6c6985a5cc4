package io.spam4j.engine.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;

import io.spam4j.tensors.simd.VectorMode;
import io.spam4j.tensors.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Looks for the largest g^2 / v of elements before they are updated, so that the update, which
 * leaves each new largest one to {@link UpdateScalar}, meets none: of 100 elements that come in any
 * order some five vectors would be left.
 */
public final class LargestRatio {
  /** Elements that are worth looking at: later a new largest ratio is rare. */
  public static final int MOST = 1024;

  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final int LENGTH = S.length();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /* Quotients below may be too inexact to compare: products with v may be subnormal. */
  private static final float SMALLEST = 0x1p-100f;

  private LargestRatio() {}

  /**
   * Finds it, and the first element that has it, in the whole vectors from {@code from} on. Finds
   * nothing where moments are zero, a gradient is not finite, or more than factors are applied to
   * it: an update does without.
   *
   * @param o float32 outside the heap
   * @param tally empty; receives the same as from an update
   */
  public static void find(Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    if (c.momentsAreZero || c.coupledDecay != 0) {
      return;
    }
    long end = to - (to - from) % LENGTH;
    float quotient = largestQuotient(o, from, end, c);
    if (!(quotient >= SMALLEST && quotient < Float.POSITIVE_INFINITY)) {
      return;
    }
    // Quotients are off by half a unit in the last place, ratios by a few.
    tally.largestRatio = quotient * (1 - 0x1p-20f);
    for (long i = next(o, from, end, c, tally.largestRatio); i < end; ) {
      for (long at = i; at < i + LENGTH; at++) {
        float raw = o.gradient.get(JAVA_FLOAT_UNALIGNED, (at + o.gradientShift) * Float.BYTES);
        float gradient = raw * c.gradientScale * c.normScale;
        float second =
            UpdateScalar.flush(o.secondMoment.get(JAVA_FLOAT_UNALIGNED, at * Float.BYTES), c);
        UpdateScalar.raiseRatio(at, gradient * gradient, second, tally);
      }
      i = next(o, i + LENGTH, end, c, tally.largestRatio);
    }
  }

  /** The smallest second moment that is not 0 for the update. */
  private static float smallestMoment(UpdateCoefficients c) {
    return Math.max(c.flushBelow, Float.MIN_VALUE);
  }

  /** The largest g^2 / v; NaN if a g is not finite or more than scaled. */
  private static float largestQuotient(Operands o, long from, long end, UpdateCoefficients c) {
    MemorySegment g = o.gradient;
    MemorySegment v = o.secondMoment;
    if (!(g.isNative() && v.isNative())) {
      throw VectorMode.notNative();
    }
    long shift = o.gradientShift * Float.BYTES;
    FloatVector zero = FloatVector.zero(S);
    FloatVector gradientScale = FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = FloatVector.broadcast(S, c.normScale);
    FloatVector smallestSquare = FloatVector.broadcast(S, Float.MIN_NORMAL);
    FloatVector smallestMoment = FloatVector.broadcast(S, smallestMoment(c));
    FloatVector infinity = FloatVector.broadcast(S, Float.POSITIVE_INFINITY);
    FloatVector largestSquare = zero;
    FloatVector largest = zero;
    for (long i = from; i < end; i += LENGTH) {
      FloatVector second = FloatVector.fromMemorySegment(S, v, i * Float.BYTES, ORDER);
      FloatVector gradient =
          FloatVector.fromMemorySegment(S, g, i * Float.BYTES + shift, ORDER)
              .mul(gradientScale)
              .mul(normScale);
      FloatVector square = gradient.mul(gradient);
      largestSquare = largestSquare.max(square); // NaN if one is
      // Processors are slow with subnormal numbers; the quotient by infinity is 0.
      second = second.blend(infinity, second.compare(LT, smallestMoment));
      FloatVector quotient = square.div(second);
      largest = largest.max(quotient.blend(zero, square.compare(LT, smallestSquare)));
    }
    boolean isUsual = largestSquare.reduceLanes(MAX) <= Usual.square(c);
    return isUsual ? largest.reduceLanes(MAX) : Float.NaN;
  }

  /** The next vector in which a ratio is larger than this. */
  private static long next(Operands o, long from, long end, UpdateCoefficients c, float ratio) {
    MemorySegment g = o.gradient;
    MemorySegment v = o.secondMoment;
    if (!(g.isNative() && v.isNative())) {
      throw VectorMode.notNative();
    }
    long shift = o.gradientShift * Float.BYTES;
    FloatVector gradientScale = FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = FloatVector.broadcast(S, c.normScale);
    FloatVector smallestMoment = FloatVector.broadcast(S, smallestMoment(c));
    FloatVector infinity = FloatVector.broadcast(S, Float.POSITIVE_INFINITY);
    FloatVector largest = FloatVector.broadcast(S, ratio);
    for (long i = from; i < end; i += LENGTH) {
      FloatVector second = FloatVector.fromMemorySegment(S, v, i * Float.BYTES, ORDER);
      FloatVector gradient =
          FloatVector.fromMemorySegment(S, g, i * Float.BYTES + shift, ORDER)
              .mul(gradientScale)
              .mul(normScale);
      second = second.blend(infinity, second.compare(LT, smallestMoment));
      if (gradient.mul(gradient).compare(GT, second.mul(largest)).anyTrue()) {
        return i;
      }
    }
    return end;
  }
}
