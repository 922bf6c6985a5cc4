package io.spam4j.engine.internal.kernel;

/** What the loops of all optimizers do with single numbers. */
public final class Coordinates {
  /** |g| above this is limited to it: its square still fits a float with room for theta. */
  public static final float LARGEST_GRADIENT = 1e18f;

  private Coordinates() {}

  public static float limited(float gradient) {
    return Math.abs(gradient) > LARGEST_GRADIENT
        ? Math.copySign(LARGEST_GRADIENT, gradient)
        : gradient;
  }

  /** Subnormal state becomes 0: it is slow, and would stay for good. */
  public static float flushed(float state) {
    return Math.abs(state) < Float.MIN_NORMAL ? 0 : state;
  }
}
