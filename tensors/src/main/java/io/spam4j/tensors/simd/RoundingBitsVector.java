package io.spam4j.tensors.simd;

import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.XOR;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link RoundingBits}. */
final class RoundingBitsVector {
  private static final VectorSpecies<Integer> I = VectorWidth.floats().withLanes(int.class);

  /** What the Weyl sequence adds from lane to lane. */
  private static final IntVector LANES = IntVector.zero(I).addIndex(1).mul(RoundingBits.STEP);

  /** What it adds from vector to vector. */
  static final int STEP = I.length() * RoundingBits.STEP;

  private RoundingBitsVector() {}

  /** The words of consecutive elements, of which the first has this {@link RoundingBits#start}. */
  static IntVector words(int start, int inner) {
    IntVector x = LANES.add(start);
    x = x.lanewise(XOR, x.lanewise(LSHR, 16)).mul(RoundingBits.MULTIPLIER_1);
    return x.lanewise(XOR, x.lanewise(LSHR, 15)).add(inner).mul(RoundingBits.MULTIPLIER_2);
  }
}
