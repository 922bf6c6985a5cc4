package io.spam4j.tensors.internal.json;

/** Strings as JSON has them. */
public final class JsonStrings {
  private JsonStrings() {}

  /**
   * Appends {@code text} in quotes, on one line: with quotes, backslashes, control characters and
   * surrogates that are not part of a pair escaped, all else as it is.
   */
  public static void append(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ' || isAlone(text, i)) {
        json.append("\\u%04x".formatted((int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }

  /** Whether a char is a surrogate without its other half, which UTF-8 cannot encode. */
  private static boolean isAlone(String text, int i) {
    char c = text.charAt(i);
    boolean hasLow = i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1));
    boolean hasHigh = i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    return Character.isHighSurrogate(c) ? !hasLow : Character.isLowSurrogate(c) && !hasHigh;
  }
}
