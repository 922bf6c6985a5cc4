package io.spam4j.engine.internal.baseline;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import io.spam4j.engine.internal.kernel.Coordinates;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link AdamMiniUpdate}; the same bits at every vector width. */
final class AdamMiniVector {
  private static final VectorSpecies<Float> S = VectorWidth.floats();

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int MAGNITUDE = 0x7fff_ffff;
  private static final int LARGEST = Float.floatToRawIntBits(Coordinates.LARGEST_GRADIENT);

  /** Elements that are updated at a time. */
  static final int LENGTH = S.length();

  private AdamMiniVector() {}

  /**
   * Updates elements from {@code from} on and stops before the first vector with a gradient that is
   * not taken as it is.
   *
   * @param end exclusive; {@code from} plus a multiple of {@link #LENGTH}
   * @return where it stopped
   */
  static long run(
      MemorySegment w,
      MemorySegment m,
      MemorySegment g,
      long shift,
      long from,
      long end,
      AdamMiniCoefficients c,
      float step) {
    if (!(w.isNative() && m.isNative() && g.isNative())) {
      throw VectorMode.notNative();
    }
    long gradientBytes = shift * 4;
    boolean moves = c.moves;
    FloatVector zero = FloatVector.zero(S);
    FloatVector smallest = FloatVector.broadcast(S, Float.MIN_NORMAL);
    FloatVector beta1 = FloatVector.broadcast(S, c.beta1);
    FloatVector oneMinusBeta1 = FloatVector.broadcast(S, c.oneMinusBeta1);
    FloatVector decayBefore = FloatVector.broadcast(S, c.decayBefore);
    FloatVector stepSize = FloatVector.broadcast(S, step);
    for (long i = from; i < end; i += LENGTH) {
      FloatVector gradient = FloatVector.fromMemorySegment(S, g, i * 4 + gradientBytes, ORDER);
      if (gradient.reinterpretAsInts().and(MAGNITUDE).compare(GT, LARGEST).anyTrue()) {
        return i;
      }
      FloatVector moment = FloatVector.fromMemorySegment(S, m, i * 4, ORDER);
      moment = moment.mul(beta1).add(gradient.mul(oneMinusBeta1));
      moment = moment.blend(zero, moment.lanewise(ABS).compare(LT, smallest));
      moment.intoMemorySegment(m, i * 4, ORDER);
      if (moves) {
        FloatVector weight = FloatVector.fromMemorySegment(S, w, i * 4, ORDER);
        weight.mul(decayBefore).sub(moment.mul(stepSize)).intoMemorySegment(w, i * 4, ORDER);
      }
    }
    return end;
  }
}
