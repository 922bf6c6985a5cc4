package io.spam4j.examples.lab.protocol;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Values of settings as the declaration writes them, where they depend on the steps of a run. */
final class Values {
  private static final Pattern SHARE = Pattern.compile("T/(\\d+)");

  private Values() {}

  /** {@code T/20} is a twentieth of the steps, at least 1; all else is itself. */
  static String resolved(String value, int steps) {
    Matcher share = SHARE.matcher(value);
    return share.matches()
        ? Long.toString(Math.max(1, Math.round((double) steps / Integer.parseInt(share.group(1)))))
        : value;
  }

  /** All values of settings. */
  static Map<String, String> resolved(Map<String, String> settings, int steps) {
    Map<String, String> resolved = new LinkedHashMap<>();
    settings.forEach((name, value) -> resolved.put(name, resolved(value, steps)));
    return resolved;
  }
}
