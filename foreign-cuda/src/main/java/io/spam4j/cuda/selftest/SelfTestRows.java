package io.spam4j.cuda.selftest;

import io.spam4j.cuda.internal.twins.Differences;
import io.spam4j.cuda.selftest.SelfTestReport.Result;
import io.spam4j.cuda.selftest.SelfTestReport.Row;
import io.spam4j.cuda.selftest.SelfTestReport.Section;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Collects the rows of a section; what throws is a row too, and the rest goes on. */
final class SelfTestRows {
  private final List<Row> rows = new ArrayList<>();

  /** Finds out what a row says. */
  @FunctionalInterface
  interface Source {
    Found find() throws IOException;
  }

  /** What a row says. */
  record Found(Result result, String detail) {
    static Found fact(String detail) {
      return new Found(Result.INFO, detail);
    }

    static Found skipped(String reason) {
      return new Found(Result.SKIPPED, reason);
    }

    static Found check(boolean holds, String detail) {
      return new Found(holds ? Result.PASS : Result.FAIL, detail);
    }

    /** Whether both sides have the same bits. */
    static Found of(Differences differences) {
      return differences
          .first()
          .map(
              first ->
                  check(
                      false,
                      "%d of %d values differ, the first: %s"
                          .formatted(differences.differing(), differences.values(), first)))
          .orElseGet(() -> check(true, differences.values() + " values equal"));
    }
  }

  void add(String name, Source source) {
    Found found;
    try {
      found = source.find();
    } catch (RuntimeException | IOException e) {
      found = Found.check(false, e.toString());
    }
    rows.add(new Row(name, found.result(), found.detail()));
  }

  Section section(String name) {
    return new Section(name, rows);
  }
}
