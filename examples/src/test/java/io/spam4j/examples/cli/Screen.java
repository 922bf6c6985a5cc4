package io.spam4j.examples.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** A terminal that keeps what is written, with lines that end alike on every system. */
final class Screen {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  Terminal terminal(boolean interactive) {
    return new Terminal(new PrintWriter(out, true), new PrintWriter(err, true), interactive);
  }

  String out() {
    return out.toString().replace(System.lineSeparator(), "\n");
  }

  String err() {
    return err.toString().replace(System.lineSeparator(), "\n");
  }
}
