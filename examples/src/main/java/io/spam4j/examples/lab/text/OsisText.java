package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The plain text of OSIS markup, cut at the beginnings of chapters. Footnotes are left out, since
 * they stand in the middle of sentences; so are control characters. White space is one blank, one
 * end of a line, or one empty line between paragraphs.
 */
final class OsisText {
  private static final Pattern TAG = Pattern.compile("<(/?)([A-Za-z]+)([^<>]*)>");
  private static final Pattern BEGINS =
      Pattern.compile(" sID=\"([0-9A-Za-z]{1,12})\\.([0-9]{1,3})\"");
  private static final Set<String> PARAGRAPHS =
      Set.of("div", "title", "chapter", "lg", "list", "table");
  private static final Set<String> LINES = Set.of("l", "lb", "item", "row", "speaker");
  private static final String CELL = "cell";
  private static final String CHAPTER = "chapter";
  private static final String NOTE = "note";
  private static final String MARKER = "x-milestone"; // a div of this type may be inside a sentence

  private final List<Chapter> chapters = new ArrayList<>();
  private String name = "";
  private Flow flow = new Flow();

  private OsisText() {}

  /**
   * A chapter with text.
   *
   * @param name such as {@code Gen-003}; empty if none begins in the markup
   */
  record Chapter(String name, String text) {}

  /**
   * The chapters of a block; the title and the preface of a book belong to its first.
   *
   * @throws IOException if a chapter begins that is not named by a book and a number
   */
  static List<Chapter> chapters(String markup) throws IOException {
    var text = new OsisText();
    text.read(markup);
    return text.chapters;
  }

  private void read(String markup) throws IOException {
    int at = 0;
    boolean inNote = false;
    for (Matcher tag = TAG.matcher(markup); tag.find(); at = tag.end()) {
      boolean ends = !tag.group(1).isEmpty();
      String kind = tag.group(2);
      if (!inNote) {
        flow.text(unescape(markup.substring(at, tag.start())));
        tag(kind, tag.group(3), ends);
      }
      if (kind.equals(NOTE)) {
        inNote = !ends && !tag.group(3).endsWith("/");
        flow.note();
      }
    }
    flow.text(unescape(markup.substring(at)));
    finish();
  }

  private void tag(String kind, String attributes, boolean ends) throws IOException {
    if (kind.equals(CHAPTER) && !ends && attributes.contains(" sID=")) {
      begin(attributes);
    }
    if (PARAGRAPHS.contains(kind) && !attributes.contains(MARKER)) {
      flow.gap(Gap.PARAGRAPH);
    } else if (LINES.contains(kind)) {
      flow.gap(Gap.LINE);
    } else if (kind.equals(CELL)) {
      flow.gap(Gap.BLANK);
    }
  }

  private void begin(String attributes) throws IOException {
    Matcher begins = BEGINS.matcher(attributes);
    if (!begins.find()) {
      throw new IOException(
          "a chapter must be named by a book and a number: chapter=" + attributes.strip());
    }
    if (!name.isEmpty()) {
      finish();
    }
    int number = Integer.parseInt(begins.group(2));
    name = String.format(Locale.ROOT, "%s-%03d", begins.group(1), number);
  }

  private void finish() {
    String text = flow.finish();
    if (!text.isEmpty()) {
      chapters.add(new Chapter(name, text));
    }
    flow = new Flow();
  }

  private static String unescape(String text) {
    return text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
  }

  /** What stands between two characters, the wider the later. */
  private enum Gap {
    NONE(""),
    BLANK(" "),
    LINE("\n"),
    PARAGRAPH("\n\n");

    private final String text;

    Gap(String text) {
      this.text = text;
    }
  }

  /** Text in the making: the widest gap that is asked for between two characters is written. */
  private static final class Flow {
    private final StringBuilder written = new StringBuilder();
    private Gap gap = Gap.NONE;
    private boolean afterNote;

    void text(String text) {
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (Character.isWhitespace(c) || Character.isSpaceChar(c)) {
          gap(Gap.BLANK);
        } else if (!Character.isISOControl(c)) {
          // Where a note stood, two words can touch.
          if (afterNote && (Character.isLetterOrDigit(c) || c == '“' || c == '‘')) {
            gap(Gap.BLANK);
          }
          append(c);
        }
      }
    }

    private void append(char c) {
      if (!written.isEmpty()) {
        written.append(gap.text);
      }
      written.append(c);
      gap = Gap.NONE;
      afterNote = false;
    }

    void gap(Gap asked) {
      if (asked.compareTo(gap) > 0) {
        gap = asked;
      }
    }

    void note() {
      afterNote = true;
    }

    String finish() {
      return written.isEmpty() ? "" : written.append('\n').toString();
    }
  }
}
