package io.spam4j.engine.kernel;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.SQRT;

import io.spam4j.tensors.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link UpdateScalar}; the same bits at every vector width. */
final class UpdateVector {
  /*
   * Memory bound: 16 bytes read, 12 written a weight. What must not happen is work on every element
   * for events that almost never do. So one test a vector asks whether anything in it is unusual:
   * not finite, over the limit, a spike, or a ratio g^2 / v above the largest one so far. If not, the
   * vector takes the plain Adam path. If so, the specification itself handles it, element by element:
   * after the first steps that is a few vectors in a million.
   *
   * Choices that are the same for all lanes are masks, never branches around a vector: where two
   * vectors meet after a branch, the compiler puts them on the heap.
   */
  private static final VectorSpecies<Float> S = VectorWidth.floats();

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private UpdateVector() {}

  static void apply(Operands o, long from, long to, UpdateCoefficients c, UpdateTally tally) {
    int length = S.length();
    long end = to - (to - from) % length;
    long i = from;
    while (true) {
      i = usual(o, i, end, c, usualRatio(c, tally));
      if (i == end) {
        break;
      }
      UpdateScalar.apply(o, i, i + length, c, tally);
      i += length;
    }
    UpdateScalar.apply(o, end, to, c, tally); // the tail is the specification itself
  }

  /** Where g^2 does not exceed this times v, there is neither a spike nor a new maximum. */
  private static float usualRatio(UpdateCoefficients c, UpdateTally tally) {
    boolean nothingToCompareWith = c.momentsAreZero && !UpdateScalar.canClipAtZero(c);
    return nothingToCompareWith
        ? Float.POSITIVE_INFINITY // times v = 0 it is NaN, which nothing exceeds
        : Math.min(c.spikeThreshold, tally.largestRatio);
  }

  /**
   * Scaled gradients of at most this magnitude are not lowered by AdaClip, and what the norm scale
   * makes of them is within the limit; a little less, so that rounding cannot pass it.
   */
  private static float usualLimit(UpdateCoefficients c) {
    float beforeNorm = c.gradientLimit / c.normScale * (1 - 0x1p-20f);
    return Math.min(Math.min(c.clipAbove, beforeNorm), Float.MAX_VALUE);
  }

  /**
   * Updates whole vectors from {@code from} on and stops before the first that has something
   * unusual in it.
   *
   * @return where it stopped; {@code end} if nothing was unusual
   */
  private static long usual(
      Operands o, long from, long end, UpdateCoefficients c, float usualRatio) {
    MemorySegment w = o.weights;
    MemorySegment g = o.gradient;
    MemorySegment m = o.firstMoment;
    MemorySegment v = o.secondMoment;
    long weightShift = o.weightShift * Float.BYTES;
    long gradientShift = o.gradientShift * Float.BYTES;
    float usualLimit = usualLimit(c);
    VectorMask<Float> coupled = S.maskAll(c.coupledDecay != 0);
    boolean moves = c.movesWeights();
    for (long i = from; i < end; i += S.length()) {
      long at = i * Float.BYTES;
      FloatVector weight = FloatVector.fromMemorySegment(S, w, at + weightShift, ORDER);
      FloatVector first = FloatVector.fromMemorySegment(S, m, at, ORDER);
      FloatVector second = FloatVector.fromMemorySegment(S, v, at, ORDER);
      FloatVector scaled =
          FloatVector.fromMemorySegment(S, g, at + gradientShift, ORDER).mul(c.gradientScale);
      FloatVector gradient = scaled.mul(c.normScale).add(weight.mul(c.coupledDecay), coupled);
      FloatVector square = gradient.mul(gradient);
      VectorMask<Float> unusual =
          scaled
              .lanewise(ABS)
              .compare(LE, usualLimit)
              .not()
              .or(square.compare(GT, second.mul(usualRatio)));
      if (unusual.anyTrue()) {
        return i;
      }
      first = flush(first.mul(c.beta1).add(gradient.mul(c.oneMinusBeta1)), c);
      second = flush(second.mul(c.beta2).add(square.mul(c.oneMinusBeta2)), c);
      first.intoMemorySegment(m, at, ORDER);
      second.intoMemorySegment(v, at, ORDER);
      if (moves) {
        FloatVector denominator = second.lanewise(SQRT).add(c.epsilon);
        FloatVector direction =
            FloatVector.zero(S).blend(first.div(denominator), denominator.compare(NE, 0));
        weight = weight.mul(c.decayBefore).sub(direction.mul(c.stepSize));
        weight.sub(weight.mul(c.decayAfter)).intoMemorySegment(w, at + weightShift, ORDER);
      }
    }
    return end;
  }

  private static FloatVector flush(FloatVector moment, UpdateCoefficients c) {
    return moment.blend(0, moment.lanewise(ABS).compare(LT, c.flushBelow));
  }
}
