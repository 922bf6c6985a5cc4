package io.spam4j.cuda.selftest;

import java.util.List;

/**
 * What a {@link SelfTest} found.
 *
 * @param sections in the order they were run
 */
public record SelfTestReport(List<Section> sections) {
  /** What came of a row. */
  public enum Result {
    /** A check that holds. */
    PASS,
    /** A check that does not hold, or could not be made because something failed. */
    FAIL,
    /** A check that this host cannot make. */
    SKIPPED,
    /** Nothing to check: a fact or a measurement. */
    INFO
  }

  /**
   * One check or fact.
   *
   * @param detail what was found; where a check fails, the first place and both values
   */
  public record Row(String name, Result result, String detail) {}

  /** Rows on one subject. */
  public record Section(String name, List<Row> rows) {
    public Section {
      rows = List.copyOf(rows);
    }
  }

  public SelfTestReport {
    sections = List.copyOf(sections);
  }

  /** Whether no check failed. */
  public boolean passed() {
    return count(Result.FAIL) == 0;
  }

  /** {@code PASS}, or {@code FAIL: 2 of 70 checks failed}. */
  public String verdict() {
    long failed = count(Result.FAIL);
    return failed == 0
        ? "PASS"
        : "FAIL: %d of %d checks failed".formatted(failed, failed + count(Result.PASS));
  }

  private long count(Result result) {
    return sections.stream()
        .flatMap(section -> section.rows().stream())
        .filter(row -> row.result() == result)
        .count();
  }

  /** A line for each row, below a line for its section; the last line is the verdict. */
  public String text() {
    int width =
        sections.stream()
            .flatMap(section -> section.rows().stream())
            .mapToInt(row -> row.name().length())
            .max()
            .orElse(0);
    StringBuilder text = new StringBuilder();
    for (Section section : sections) {
      text.append(section.name()).append('\n');
      for (Row row : section.rows()) {
        String result = row.result() == Result.INFO ? "" : row.result().name();
        text.append("  ")
            .append(row.name())
            .append(" ".repeat(width - row.name().length() + 2))
            .append(result)
            .append(" ".repeat(Result.SKIPPED.name().length() - result.length() + 2))
            .append(row.detail())
            .append('\n');
      }
    }
    return text.append(verdict()).append('\n').toString();
  }
}
