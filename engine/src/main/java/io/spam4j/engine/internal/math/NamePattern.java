package io.spam4j.engine.internal.math;

import java.util.regex.Pattern;

/** The patterns that parameters are chosen by: for whole names, with {@code *} and {@code ?}. */
public final class NamePattern {
  private NamePattern() {}

  /**
   * Whether a name matches.
   *
   * @param pattern {@code *} stands for any characters, dots included, {@code ?} for one
   */
  public static boolean matches(String pattern, String name) {
    String regex = Pattern.quote(pattern).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
    return Pattern.compile(regex, Pattern.DOTALL).matcher(name).matches();
  }
}
