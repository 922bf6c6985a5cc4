package io.spam4j.engine.internal.kernel;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.SQRT;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector form of {@link Amsgrad}, both halves of the update in one pass over float32; the same bits
 * at every vector width. As {@link UpdateVector} it leaves what is unusual.
 */
final class AmsgradVector implements UpdateLoop {
  /* Memory bound: 20 bytes read, 16 written a weight. Written as UpdateVector is, and why. */
  private static final VectorSpecies<Float> S = VectorWidth.floats();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final int LENGTH = S.length();

  AmsgradVector() {}

  @Override
  public int length() {
    return LENGTH;
  }

  @Override
  public long run(Operands o, long from, long end, UpdateCoefficients c, UpdateTally tally) {
    MemorySegment w = o.weights;
    MemorySegment g = o.gradient;
    MemorySegment m = o.firstMoment;
    MemorySegment v = o.secondMoment;
    MemorySegment largest = o.largest;
    if (!(w.isNative() && g.isNative() && m.isNative() && v.isNative() && largest.isNative())) {
      throw VectorMode.notNative();
    }
    long weightBytes = o.weightShift * 4;
    long gradientBytes = o.gradientShift * 4;
    boolean moves = c.changesWeights();
    FloatVector zero = FloatVector.zero(S);
    FloatVector ratio = FloatVector.broadcast(S, UsualBounds.ratio(c, tally));
    FloatVector boundOfZero = FloatVector.broadcast(S, UsualBounds.squareWithoutHistory(c));
    FloatVector limit = FloatVector.broadcast(S, UsualBounds.limit(c));
    VectorMask<Float> coupled = S.maskAll(c.coupledDecay != 0);
    VectorMask<Float> decays = S.maskAll(c.decayAfter != 0);
    FloatVector gradientScale = FloatVector.broadcast(S, c.gradientScale);
    FloatVector normScale = FloatVector.broadcast(S, c.normScale);
    FloatVector coupledDecay = FloatVector.broadcast(S, c.coupledDecay);
    FloatVector beta1 = FloatVector.broadcast(S, c.beta1);
    FloatVector oneMinusBeta1 = FloatVector.broadcast(S, c.oneMinusBeta1);
    FloatVector beta2 = FloatVector.broadcast(S, c.beta2);
    FloatVector oneMinusBeta2 = FloatVector.broadcast(S, c.oneMinusBeta2);
    FloatVector flushBelow = FloatVector.broadcast(S, c.flushBelow);
    FloatVector epsilon = FloatVector.broadcast(S, c.epsilon);
    FloatVector stepSize = FloatVector.broadcast(S, c.stepSize);
    FloatVector decayBefore = FloatVector.broadcast(S, c.decayBefore);
    FloatVector decayAfter = FloatVector.broadcast(S, c.decayAfter);
    for (long i = from; i < end; i += LENGTH) {
      FloatVector weight = FloatVector.fromMemorySegment(S, w, i * 4 + weightBytes, ORDER);
      FloatVector first = FloatVector.fromMemorySegment(S, m, i * 4, ORDER);
      FloatVector second = FloatVector.fromMemorySegment(S, v, i * 4, ORDER);
      FloatVector raw = FloatVector.fromMemorySegment(S, g, i * 4 + gradientBytes, ORDER);
      VectorMask<Float> noHistory = second.compare(LT, flushBelow);
      second = second.blend(zero, noHistory);
      first = first.blend(zero, first.lanewise(ABS).compare(LT, flushBelow));
      FloatVector scaled = raw.mul(gradientScale);
      FloatVector gradient = scaled.mul(normScale);
      gradient = gradient.add(weight.mul(coupledDecay), coupled);
      FloatVector square = gradient.mul(gradient);
      boolean isUsual =
          !scaled
              .lanewise(ABS)
              .compare(LE, limit)
              .not()
              .or(square.compare(GT, second.mul(ratio).blend(boundOfZero, noHistory)))
              .anyTrue();
      if (!isUsual) {
        return i;
      }

      first = first.mul(beta1).add(gradient.mul(oneMinusBeta1));
      first = first.blend(zero, first.lanewise(ABS).compare(LT, flushBelow));
      second = second.mul(beta2).add(square.mul(oneMinusBeta2));
      second = second.blend(zero, second.compare(LT, flushBelow));
      first.intoMemorySegment(m, i * 4, ORDER);
      second.intoMemorySegment(v, i * 4, ORDER);
      // Not by bits: the NaN that a processor makes of two infinities is negative.
      FloatVector divisor = FloatVector.fromMemorySegment(S, largest, i * 4, ORDER).max(second);
      divisor.intoMemorySegment(largest, i * 4, ORDER);

      if (moves) {
        FloatVector denominator = divisor.lanewise(SQRT).add(epsilon);
        FloatVector direction = first.div(denominator);
        direction = zero.blend(direction, denominator.compare(NE, zero));
        weight = weight.mul(decayBefore).sub(direction.mul(stepSize));
        weight = weight.sub(weight.mul(decayAfter), decays);
        weight.intoMemorySegment(w, i * 4 + weightBytes, ORDER);
      }
    }
    return end;
  }
}
