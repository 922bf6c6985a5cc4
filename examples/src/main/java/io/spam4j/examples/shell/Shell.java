package io.spam4j.examples.shell;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;

/** How every command writes, and how its errors and exit codes look. */
public final class Shell {
  /** The property that makes errors print their stack trace. */
  private static final String DEBUG = "spam4j.debug";

  private Shell() {}

  /** Has a command and those below it write to a terminal and fail as all commands do. */
  public static CommandLine configured(CommandLine line, Terminal terminal) {
    return line.setOut(terminal.out())
        .setErr(terminal.err())
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(Shell::wrongUsage)
        .setExecutionExceptionHandler((error, command, parsed) -> failed(error, command));
  }

  private static int wrongUsage(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    command.getErr().println(line(error));
    return hint(command);
  }

  private static int failed(Exception error, CommandLine command) {
    PrintWriter err = command.getErr();
    err.println(line(error));
    if (Boolean.getBoolean(DEBUG)) {
      error.printStackTrace(err);
    }
    return error instanceof UsageException ? hint(command) : ExitCode.SOFTWARE;
  }

  private static int hint(CommandLine command) {
    String name = command.getCommandSpec().qualifiedName();
    command.getErr().println("  see: ./" + name + " --help");
    return ExitCode.USAGE;
  }

  /** What is told of an error, without what would steer the terminal: names come from files. */
  public static String line(Exception error) {
    return "spam4j: " + harmless(message(error));
  }

  /** A text without characters that steer a terminal, but for line feeds. */
  public static String harmless(String text) {
    return text.replaceAll("[\\p{C}&&[^\n]]", "?");
  }

  /**
   * Runs a command.
   *
   * @return its exit code, or 1 where its results could not be written
   */
  public static int run(CommandLine line, Terminal terminal, String... arguments) {
    int code = line.execute(arguments);
    if (terminal.out().checkError() && code == ExitCode.OK) {
      terminal.err().println("spam4j: standard output cannot be written: is the disk full?");
      return ExitCode.SOFTWARE;
    }
    return code;
  }

  private static String message(Exception error) {
    @Nullable String message = error.getMessage();
    String name = error.getClass().getSimpleName();
    if (message == null || message.isBlank()) {
      return name;
    }
    // Java's own messages are often only a path or a class.
    return error.getClass().getName().startsWith("java.nio.file.")
        ? name + ": " + message
        : message;
  }
}
