package io.spam4j.examples.shell;

import java.io.Console;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Optional;

/**
 * Where a command writes: results to {@code out}, progress and errors to {@code err}; {@code
 * interactive} when a person watches, so that a line may be redrawn.
 */
public record Terminal(PrintWriter out, PrintWriter err, boolean interactive) {
  /** The process's own streams. */
  public static Terminal system() {
    boolean console = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    boolean interactive = console && !"dumb".equals(System.getenv("TERM"));
    return new Terminal(writer(System.out), writer(System.err), interactive);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, stream.charset());
  }
}
