package io.spam4j.examples.output;

import java.time.Duration;
import java.util.Locale;

/** How numbers are written for people; the same in every locale. */
public final class Quantities {
  private static final String[] BINARY = {"KiB", "MiB", "GiB", "TiB"};

  private Quantities() {}

  /** Bytes in binary units, such as {@code 27.3 MiB}. */
  public static String bytes(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    // 1023.95 would be written as 1024.0.
    while (value >= 1023.95 && unit < BINARY.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, BINARY[unit]);
  }

  /** A count with its thousands apart, such as {@code 12,345}. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** A perplexity or a loss: two decimals, or a power of ten when it is very large. */
  public static String level(double value) {
    return Math.abs(value) < 100_000
        ? String.format(Locale.ROOT, "%.2f", value)
        : String.format(Locale.ROOT, "%.1e", value);
  }

  /** Milliseconds with two decimals. */
  public static String millis(double millis) {
    return String.format(Locale.ROOT, "%.2f", millis);
  }

  /** A rate, such as {@code 950} or {@code 12.3k}. */
  public static String rate(double perSecond) {
    if (perSecond < 1000) {
      return String.format(Locale.ROOT, "%.0f", perSecond);
    }
    return perSecond < 1e6
        ? String.format(Locale.ROOT, "%.1fk", perSecond / 1e3)
        : String.format(Locale.ROOT, "%.1fM", perSecond / 1e6);
  }

  /** A time, such as {@code 42s}, {@code 3m 07s} or {@code 2h 05m}. */
  public static String time(Duration time) {
    long seconds = Math.max(0, time.toSeconds());
    if (seconds < 60) {
      return seconds + "s";
    }
    return seconds < 3600
        ? String.format(Locale.ROOT, "%dm %02ds", seconds / 60, seconds % 60)
        : String.format(Locale.ROOT, "%dh %02dm", seconds / 3600, seconds / 60 % 60);
  }
}
