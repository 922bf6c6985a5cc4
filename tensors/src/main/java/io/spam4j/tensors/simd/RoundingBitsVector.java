package io.spam4j.tensors.simd;

import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.spam4j.tensors.simd.RoundingBits.Draw;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link RoundingBits}. */
final class RoundingBitsVector {
  private static final VectorSpecies<Integer> I = VectorWidth.floats().withLanes(int.class);

  /** What the Weyl sequence adds from an element with an even index to the others of a vector. */
  private static final IntVector LANES =
      IntVector.zero(I).addIndex(1).lanewise(LSHR, 1).mul(RoundingBits.STEP);

  /** Inverts the bits of every other lane. */
  private static final IntVector ODD = IntVector.zero(I).addIndex(1).and(1).mul(RoundingBits.MASK);

  /** What it adds from vector to vector. */
  static final int STEP = I.length() / 2 * RoundingBits.STEP;

  private RoundingBitsVector() {}

  /**
   * The bits of consecutive elements, of which the first has an even index and this {@link
   * RoundingBits#start}.
   */
  static IntVector draws(Draw draw, int start) {
    IntVector x = LANES.add(start);
    x = x.lanewise(XOR, x.lanewise(LSHR, 16)).mul(RoundingBits.MULTIPLIER);
    x = x.lanewise(XOR, x.lanewise(LSHR, 15));
    return x.mul(draw.multiplier)
        .lanewise(LSHR, draw.shift)
        .and(RoundingBits.MASK)
        .lanewise(XOR, ODD);
  }
}
