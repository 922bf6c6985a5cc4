package io.spam4j.examples.inspect;

import io.spam4j.examples.output.Quantities;
import io.spam4j.examples.output.TextTable;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Text for a console, grown section by section. What comes from a file is made harmless. */
final class TextPage {
  /** As much of a text as is shown; all of it is in the JSON. */
  private static final int MOST_CHARACTERS = 120;

  private static final String NONE = "-";
  private static final String INDENT = "  ";

  private final StringBuilder text = new StringBuilder();

  TextPage line(String line) {
    text.append(shown(line)).append('\n');
    return this;
  }

  /** A section of names and values; nothing if there are none. */
  TextPage facts(String title, Map<String, String> facts) {
    if (facts.isEmpty()) {
      return this;
    }
    line(title);
    int width = facts.keySet().stream().mapToInt(name -> shown(name).length()).max().orElse(0);
    facts.forEach(
        (name, value) -> {
          String pad = " ".repeat(width - shown(name).length());
          text.append(INDENT).append(shown(name)).append(pad);
          text.append(INDENT).append(shown(value)).append('\n');
        });
    return this;
  }

  /** A section of rows, the first of which are headings. */
  TextPage table(String title, List<List<String>> rows) {
    if (rows.size() < 2) {
      return this;
    }
    line(title);
    List<List<String>> harmless =
        rows.stream().map(row -> row.stream().map(TextPage::shown).toList()).toList();
    for (String row : TextTable.aligned(harmless)) {
      text.append(INDENT).append(row.stripTrailing()).append('\n');
    }
    return this;
  }

  @Override
  public String toString() {
    return text.toString();
  }

  static String shape(List<Long> shape) {
    return shape.stream().map(String::valueOf).collect(Collectors.joining(" x ", "[", "]"));
  }

  static String bytes(long bytes) {
    return bytes < 1024
        ? Quantities.bytes(bytes)
        : "%s (%s bytes)".formatted(Quantities.bytes(bytes), Quantities.count(bytes));
  }

  /** Five digits, or fewer if it is a whole number. */
  static String number(@Nullable Double value) {
    if (value == null) {
      return NONE;
    }
    boolean isShort = value == Math.rint(value) && Math.abs(value) < 100_000;
    return String.format(Locale.ROOT, isShort ? "%.0f" : "%.5g", value);
  }

  static String count(@Nullable Long value) {
    return value == null ? NONE : Quantities.count(value);
  }

  /** On one line, not too long, and without what would steer the terminal. */
  private static String shown(String text) {
    String whole = text.replaceAll("\\p{C}", "?");
    return whole.length() <= MOST_CHARACTERS
        ? whole
        : "%s... (%s characters)"
            .formatted(whole.substring(0, MOST_CHARACTERS), Quantities.count(whole.length()));
  }
}
