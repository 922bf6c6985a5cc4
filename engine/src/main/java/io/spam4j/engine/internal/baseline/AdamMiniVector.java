package io.spam4j.engine.internal.baseline;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;

import io.spam4j.engine.internal.kernel.Coordinates;
import io.spam4j.engine.internal.measure.LaneSums;
import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link AdamMiniUpdate}; the same bits at every vector width. */
final class AdamMiniVector {
  private static final VectorSpecies<Float> S = VectorWidth.floats();

  private static final VectorSpecies<Double> D =
      VectorSpecies.of(double.class, VectorShape.forBitSize(VectorMode.BITS));

  /** As many floats as there are doubles in a vector. */
  private static final VectorSpecies<Float> F =
      VectorSpecies.of(float.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int MAGNITUDE = 0x7fff_ffff;
  private static final int LARGEST = Float.floatToRawIntBits(Coordinates.LARGEST_GRADIENT);

  /** Elements that are updated at a time. */
  static final int LENGTH = S.length();

  private AdamMiniVector() {}

  /**
   * Makes lanes the sums of the squares of the gradients {@code [from, end)}, whole rounds of all
   * lanes.
   *
   * @return whether all gradients may be taken as they are; otherwise the lanes are worth nothing
   */
  static boolean squares(MemorySegment g, long from, long end, MemorySegment lanes) {
    if (!(g.isNative() && lanes.isNative())) {
      throw VectorMode.notNative();
    }
    // Two vectors of sums hide the latency of the addition; the narrower, the more passes.
    int length = D.length();
    int largest = 0;
    for (int lane = 0; lane < LaneSums.LANES; lane += 2 * length) {
      DoubleVector sumA = DoubleVector.zero(D);
      DoubleVector sumB = DoubleVector.zero(D);
      IntVector max = IntVector.zero(F.withLanes(int.class));
      for (long i = from + lane; i < end; i += LaneSums.LANES) {
        FloatVector a = FloatVector.fromMemorySegment(F, g, i * 4, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(F, g, (i + length) * 4, ORDER);
        max = max.max(a.reinterpretAsInts().and(MAGNITUDE));
        max = max.max(b.reinterpretAsInts().and(MAGNITUDE));
        DoubleVector doublesA = (DoubleVector) a.convertShape(F2D, D, 0);
        DoubleVector doublesB = (DoubleVector) b.convertShape(F2D, D, 0);
        sumA = sumA.add(doublesA.mul(doublesA));
        sumB = sumB.add(doublesB.mul(doublesB));
      }
      sumA.intoMemorySegment(lanes, (long) lane * Double.BYTES, ORDER);
      sumB.intoMemorySegment(lanes, (long) (lane + length) * Double.BYTES, ORDER);
      largest = Math.max(largest, max.reduceLanes(MAX));
    }
    return largest <= LARGEST;
  }

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
