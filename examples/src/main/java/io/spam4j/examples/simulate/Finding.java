package io.spam4j.examples.simulate;

import java.util.Locale;

/**
 * A number that was measured, beside what is expected.
 *
 * @param quantity what it is
 * @param measured not a number if there is none
 * @param standardError of the measured mean; not a number for a count of steps
 * @param expected not a number if nothing is
 */
record Finding(String quantity, double measured, double standardError, double expected) {
  private static final int SIGNIFICANT = 4;
  private static final String NONE = "-";

  /** With four significant digits, or whole if it counts steps. */
  String measuredText() {
    return text(measured);
  }

  /** With the decimals of the measured number; a power of ten if that would be 0. */
  String errorText() {
    String text = text(standardError);
    boolean vanishes = standardError > 0 && Double.parseDouble(text) == 0;
    return vanishes ? String.format(Locale.ROOT, "%.0e", standardError) : text;
  }

  /** With the decimals of the measured number. */
  String expectedText() {
    return text(expected);
  }

  private String text(double value) {
    if (Double.isNaN(value)) {
      return NONE;
    }
    return String.format(Locale.ROOT, "%." + decimals() + "f", value);
  }

  private int decimals() {
    if (Double.isNaN(standardError)) {
      return 0;
    }
    int magnitude = measured == 0 ? 0 : (int) Math.floor(Math.log10(Math.abs(measured)));
    return Math.max(0, SIGNIFICANT - 1 - magnitude);
  }
}
