package io.spam4j.engine.internal.math;

/** The cosine of a share of half a turn, the same on every platform. */
public final class Cosine {
  private Cosine() {}

  /**
   * cos(pi p). StrictMath allocates for angles beyond pi / 4, and a step must not; so these are
   * brought below first.
   *
   * @param p in [0, 1]
   */
  public static double cos(double p) {
    if (p > 0.5) {
      return -cos(1 - p);
    }
    return p > 0.25 ? StrictMath.sin(Math.PI * (0.5 - p)) : StrictMath.cos(Math.PI * p);
  }
}
