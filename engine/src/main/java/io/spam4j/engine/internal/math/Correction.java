package io.spam4j.engine.internal.math;

/**
 * Bias corrections of moving averages, {@code 1 - decay^count} (Adam, arXiv 1412.6980, section 3),
 * by additions, subtractions and multiplications of doubles alone, so that a GPU gives the same
 * bits.
 */
public final class Correction {
  private Correction() {}

  /**
   * {@code 1 - decay^count}, by doubling: nothing cancels, so the relative error is a few units in
   * the last place a bit of the count. It is 1 for {@link Long#MAX_VALUE} and any decay below 1.
   *
   * @param decay in [0, 1]
   * @param count at least 0
   */
  public static double of(double decay, long count) {
    // a(1) = 1 - d;  a(2k) = a(k) + a(k) (1 - a(k));  a(k + 1) = d a(k) + (1 - d)
    // Not a(k) (2 - a(k)): the double just below 1 would stay as it is.
    double correction = 0;
    for (long bit = Long.highestOneBit(count); bit != 0; bit >>>= 1) {
      correction += correction * (1 - correction);
      if ((count & bit) != 0) {
        correction = decay * correction + (1 - decay);
      }
    }
    return correction;
  }
}
