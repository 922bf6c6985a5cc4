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
    command.getErr().println("spam4j: " + error.getMessage());
    return hint(command);
  }

  private static int failed(Exception error, CommandLine command) {
    PrintWriter err = command.getErr();
    err.println("spam4j: " + message(error));
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
