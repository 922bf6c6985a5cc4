package io.spam4j.tensors.simd;

import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.XOR;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link RoundingBits}: words, of which each holds the bits of two elements. */
final class RoundingBitsVector {
  private static final VectorSpecies<Integer> I = VectorWidth.floats().withLanes(int.class);

  /** What the Weyl sequence adds from lane to lane. */
  private static final IntVector LANES = IntVector.zero(I).addIndex(1).mul(RoundingBits.STEP);

  private RoundingBitsVector() {}

  /**
   * The words of consecutive lanes.
   *
   * @param base that of the group, plus {@link RoundingBits#STEP} for each word before the first
   */
  static IntVector words(int base, int inner) {
    IntVector x = LANES.add(base);
    x = x.lanewise(XOR, x.lanewise(LSHR, 16)).mul(RoundingBits.MULTIPLIER_1);
    x = x.lanewise(XOR, x.lanewise(LSHR, 15)).add(inner).mul(RoundingBits.MULTIPLIER_2);
    return x.lanewise(XOR, x.lanewise(LSHR, 16));
  }
}
