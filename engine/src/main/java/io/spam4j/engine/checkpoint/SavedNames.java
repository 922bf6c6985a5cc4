package io.spam4j.engine.checkpoint;

import java.nio.charset.StandardCharsets;

/** Which names and texts can be saved: what is trained can be saved. */
public final class SavedNames {
  /** The most bytes that a name has in UTF-8: files repeat names. */
  public static final int MOST_BYTES = 1 << 16;

  private static final int SHOWN = 40;

  private SavedNames() {}

  /**
   * Refuses a name that no file could have.
   *
   * @param what has it, for the message
   * @throws IllegalArgumentException if it is empty, has a lone surrogate or more than {@link
   *     #MOST_BYTES} bytes in UTF-8
   */
  public static void require(String what, String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException(what + " name must not be empty: name=");
    }
    requireUnicode(what + " name", name);
    long bytes = name.length() > MOST_BYTES ? name.length() : utf8(name);
    if (bytes > MOST_BYTES) {
      throw new IllegalArgumentException(
          "%s name must have at most %d bytes in UTF-8, so that it can be saved: characters=%d, name=%s..."
              .formatted(what, MOST_BYTES, name.length(), name.substring(0, SHOWN)));
    }
  }

  private static long utf8(String name) {
    return name.getBytes(StandardCharsets.UTF_8).length;
  }

  /**
   * Refuses a text that no file could have.
   *
   * @param what it is, for the message
   * @throws IllegalArgumentException if it has a lone surrogate
   */
  public static void requireUnicode(String what, String text) {
    int i = 0;
    while (i < text.length()) {
      char unit = text.charAt(i);
      int point = text.codePointAt(i); // of half a pair, that half
      if (point == unit && Character.isSurrogate(unit)) {
        throw new IllegalArgumentException(
            "%s must have no lone surrogate, so that it can be saved: index=%d, unit=0x%04x"
                .formatted(what, i, point));
      }
      i += Character.charCount(point);
    }
  }
}
