package io.spam4j.tensors.internal.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The only place a vector width is chosen; loaded only when {@link VectorMode#VECTORS}. */
public final class VectorWidth {
  private VectorWidth() {}

  /** The machine's preferred width in bits; at least 128. */
  static int preferredBits() {
    return Math.max(128, FloatVector.SPECIES_PREFERRED.vectorBitSize());
  }

  /** Float vectors of the chosen width. */
  public static VectorSpecies<Float> floats() {
    return VectorSpecies.of(float.class, VectorShape.forBitSize(VectorMode.BITS));
  }

  /** The same, or shorter ones if more than {@code most} lanes were too many. */
  public static VectorSpecies<Float> floats(int most) {
    int bits = Math.min(VectorMode.BITS, most * Float.SIZE);
    return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
  }
}
