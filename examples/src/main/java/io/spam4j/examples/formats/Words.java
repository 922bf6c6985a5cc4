package io.spam4j.examples.formats;

import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;

/** Constants by the words that name them on the command line: their names in lower case. */
public final class Words {
  private Words() {}

  /** The word for a constant, such as {@code bf16}. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The constant that a word names.
   *
   * @param option for the message
   * @param choices what may be named
   * @throws IllegalArgumentException if the word names none of them
   */
  public static <E extends Enum<E>> E named(String option, Collection<E> choices, String word) {
    return choices.stream()
        .filter(constant -> of(constant).equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "%s must be one of %s: %s=%s"
                        .formatted(
                            option,
                            choices.stream().map(Words::of).collect(Collectors.joining(", ")),
                            option,
                            word)));
  }
}
