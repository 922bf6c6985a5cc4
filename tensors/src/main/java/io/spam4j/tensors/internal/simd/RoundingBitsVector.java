package io.spam4j.tensors.internal.simd;

import static jdk.incubator.vector.VectorOperators.LSHR;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** What the vector forms of {@link RoundingBits} share; loops write the rest out. */
public final class RoundingBitsVector {
  private static final VectorSpecies<Integer> I = VectorWidth.floats().withLanes(int.class);

  /** What the Weyl sequence adds from an element with an even index to the others of a vector. */
  public static final IntVector WORDS =
      IntVector.zero(I).addIndex(1).lanewise(LSHR, 1).mul(RoundingBits.STEP);

  /** Inverts the 16 random bits of every other lane. */
  public static final IntVector ODD = IntVector.zero(I).addIndex(1).and(1).mul(RoundingBits.MASK);

  /** Inverts all 32 of them. */
  public static final IntVector INVERTED = IntVector.zero(I).addIndex(1).and(1).neg();

  /** What the Weyl sequence adds from vector to vector. */
  public static final int STEP = I.length() / 2 * RoundingBits.STEP;

  private RoundingBitsVector() {}
}
