package io.spam4j.engine.internal.kernel;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMAX;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.tensors.internal.simd.Readiness;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
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
  private static final VectorSpecies<Integer> I = S.withLanes(int.class);
  private static final int LENGTH = S.length();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /* Smaller ratios may be inexact: products with v may be subnormal. */
  private static final int SMALLEST = Float.floatToRawIntBits(0x1p-100f);
  private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

  private static final Readiness READINESS =
      new Readiness("largest ratio", LargestRatio::exercise, 10_000);

  private LargestRatio() {}

  private static Runnable exercise() {
    Operands o = WarmLoop.scratch();
    UpdateCoefficients c = WarmLoop.coefficients(Settings.PLAIN);
    return () -> findByVectors(o, 0, Readiness.ELEMENTS, c, new UpdateTally());
  }

  /**
   * Finds it, and the first element that has it, in the whole vectors from {@code from} on. Finds
   * nothing where moments are zero, a gradient is not finite, or more than factors are applied to
   * it, nor before it is compiled: an update does without.
   *
   * @param o float32 outside the heap
   * @param tally empty; receives the same as from an update
   */
  public static void find(Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    if (READINESS.get()) {
      findByVectors(o, from, to, c, tally);
    }
  }

  private static void findByVectors(
      Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    float usual = UsualBounds.square(c);
    if (c.momentsAreZero || c.coupledDecay != 0 || Float.isNaN(usual)) {
      return;
    }
    MemorySegment g = o.gradient;
    MemorySegment v = o.secondMoment;
    if (!(g.isNative() && v.isNative())) {
      throw VectorMode.notNative();
    }
    long end = to - (to - from) % LENGTH;
    long shift = o.gradientShift * Float.BYTES;
    FloatVector zero = FloatVector.zero(S);
    FloatVector infinity = FloatVector.broadcast(S, Float.POSITIVE_INFINITY);
    FloatVector gradientScale = FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = FloatVector.broadcast(S, c.normScale);
    FloatVector smallestSquare = FloatVector.broadcast(S, Float.MIN_NORMAL);
    FloatVector smallestMoment =
        FloatVector.broadcast(S, Math.max(c.flushBelow, Float.MIN_VALUE)); // that is not 0
    IntVector one = IntVector.broadcast(I, 1);
    IntVector two = IntVector.broadcast(I, 2);
    IntVector largestSquare = IntVector.zero(I);
    IntVector largest = IntVector.zero(I); // bits: of floats that are not negative they order alike
    IntVector places = IntVector.zero(I);
    IntVector place = IntVector.zero(I).addIndex(1);
    for (long i = from; i < end; i += LENGTH) {
      FloatVector gradient =
          FloatVector.fromMemorySegment(S, g, i * Float.BYTES + shift, ORDER)
              .mul(gradientScale)
              .mul(normScale);
      FloatVector square = gradient.mul(gradient);
      largestSquare = largestSquare.lanewise(UMAX, square.reinterpretAsInts()); // NaN if one is
      // Without history, or too small: the quotient is 0, what follows negative, and none counts.
      FloatVector second = FloatVector.fromMemorySegment(S, v, i * Float.BYTES, ORDER);
      second = second.blend(infinity, second.compare(LT, smallestMoment));
      square = square.blend(zero, square.compare(LT, smallestSquare));
      // UpdateScalar.ratio, which goes up at most three floats
      FloatVector up = square.div(second).reinterpretAsInts().sub(two).reinterpretAsFloats();
      FloatVector next = up.reinterpretAsInts().add(one).reinterpretAsFloats();
      up = up.blend(next, up.mul(second).compare(LT, square));
      next = up.reinterpretAsInts().add(one).reinterpretAsFloats();
      up = up.blend(next, up.mul(second).compare(LT, square));
      next = up.reinterpretAsInts().add(one).reinterpretAsFloats();
      up = up.blend(next, up.mul(second).compare(LT, square));
      IntVector ratio = up.reinterpretAsInts();
      places = places.blend(place, ratio.compare(GT, largest));
      largest = largest.max(ratio);
      place = place.add(LENGTH);
    }
    int bits = largest.reduceLanes(MAX);
    boolean isUnusual = largestSquare.compare(UGT, Float.floatToRawIntBits(usual)).anyTrue();
    if (isUnusual || bits < SMALLEST || bits >= INFINITY) {
      return;
    }
    tally.largestRatio = Float.intBitsToFloat(bits);
    tally.largestAt =
        from + places.blend(Integer.MAX_VALUE, largest.compare(NE, bits)).reduceLanes(MIN);
  }
}
