package io.spam4j.examples.shell;

import java.io.PrintWriter;
import java.io.StringWriter;

/** A terminal that keeps what is written, with lines that end alike on every system. */
public final class Screen {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** The terminal to write to. */
  public Terminal terminal(boolean interactive) {
    return new Terminal(new PrintWriter(out, true), new PrintWriter(err, true), interactive);
  }

  /** What was written as results. */
  public String out() {
    return out.toString().replace(System.lineSeparator(), "\n");
  }

  /** What was written as progress and errors. */
  public String err() {
    return err.toString().replace(System.lineSeparator(), "\n");
  }
}
