package io.spam4j.engine.internal.math;

/** The rules that hyper-parameters obey; each message names the parameter and its value. */
public final class Ranges {
  private Ranges() {}

  public static double positive(String name, double value) {
    if (!(value > 0) || value == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          name + " must be positive and finite: " + name + "=" + value);
    }
    return value;
  }

  public static double notNegative(String name, double value) {
    if (!(value >= 0) || value == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          name + " must be finite and not negative: " + name + "=" + value);
    }
    return value;
  }

  /** Finite and not negative, also as a float; less than the least float counts as 0. */
  public static double floatNotNegative(String name, double value) {
    if (notNegative(name, value) > Float.MAX_VALUE) {
      throw new IllegalArgumentException(name + " must fit a float: " + name + "=" + value);
    }
    return value;
  }

  /** The same of what would mean something else if it were taken for 0. */
  public static double float0OrMore(String name, double value) {
    if (floatNotNegative(name, value) > 0 && (float) value == 0) {
      throw new IllegalArgumentException(
          name + " must be 0 or no less than a float can be: " + name + "=" + value);
    }
    return value;
  }

  public static long notNegative(String name, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(name + " must not be negative: " + name + "=" + value);
    }
    return value;
  }

  public static double decay(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " must be in [0, 1): " + name + "=" + value);
    }
    return value;
  }

  public static double fraction(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " must be in [0, 1]: " + name + "=" + value);
    }
    return value;
  }
}
