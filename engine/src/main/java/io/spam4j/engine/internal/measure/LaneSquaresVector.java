package io.spam4j.engine.internal.measure;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.MAX;

import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Sums of squares in the order of {@link LaneSums}; the same bits at every vector width. */
final class LaneSquaresVector {
  private static final VectorSpecies<Double> D =
      VectorSpecies.of(double.class, VectorShape.forBitSize(VectorMode.BITS));

  /** As many floats as there are doubles in a vector. */
  private static final VectorSpecies<Float> F =
      VectorSpecies.of(float.class, VectorShape.forBitSize(VectorMode.BITS / 2));

  private static final VectorSpecies<Integer> I = F.withLanes(int.class);
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final int MAGNITUDE = 0x7fff_ffff;

  private LaneSquaresVector() {}

  /**
   * Makes lanes the sums of the squares of the floats {@code [from, end)}, whole rounds of all
   * lanes.
   *
   * @param values outside the heap, as the lanes
   * @return the bits of the largest magnitude: those of infinity or more if the lanes are worth
   *     nothing
   */
  static int sum(MemorySegment values, long from, long end, MemorySegment lanes) {
    if (!(values.isNative() && lanes.isNative())) {
      throw VectorMode.notNative();
    }
    // Two vectors of sums hide the latency of the addition; the narrower, the more passes.
    int length = D.length();
    int largest = 0;
    for (int lane = 0; lane < LaneSums.LANES; lane += 2 * length) {
      DoubleVector sumA = DoubleVector.zero(D);
      DoubleVector sumB = DoubleVector.zero(D);
      IntVector max = IntVector.zero(I);
      for (long i = from + lane; i < end; i += LaneSums.LANES) {
        FloatVector a = FloatVector.fromMemorySegment(F, values, i * 4, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(F, values, (i + length) * 4, ORDER);
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
    return largest;
  }
}
