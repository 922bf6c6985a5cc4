package io.spam4j.examples.cli;

import io.spam4j.examples.bench.BenchCommand;
import io.spam4j.examples.inspect.InspectCommand;
import io.spam4j.examples.memory.MemoryCommand;
import io.spam4j.examples.replay.ReplayCommand;
import io.spam4j.examples.simulate.SimulateCommand;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The program: its commands, and how errors and exit codes look. */
@Command(
    name = "spam4j",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "SPAM (spike-aware Adam with momentum reset) for the JVM.",
    footer = {
      "",
      "The ./spam4j script also knows:",
      "  test  Run every module's tests and checks; arguments go to Maven.",
      "  jmh   Run the benchmarks; arguments go to JMH.",
      "",
      "SPAM4J_JAVA_OPTS holds more options for the JVM, such as -Xmx8g, or",
      "-Dspam4j.debug=true, which prints the stack trace of an error."
    })
public final class Main implements Runnable {
  /** The property that makes errors print their stack trace. */
  public static final String DEBUG = "spam4j.debug";

  /** The exit code of a command that Ctrl-C stopped: 128 + SIGINT. */
  static final int STOPPED = 130;

  private final Terminal terminal;

  private Main(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Runs a command and exits with its code. */
  public static void main(String[] arguments) {
    System.exit(commandLine(Terminal.system()).execute(arguments));
  }

  /** The whole command line, writing to a terminal. */
  static CommandLine commandLine(Terminal terminal) {
    CommandLine line =
        new CommandLine(new Main(terminal))
            .addSubcommand(new DemoCommand(terminal))
            .addSubcommand(new ReplayCommand())
            .addSubcommand(new SimulateCommand())
            .addSubcommand(new MemoryCommand())
            .addSubcommand(new InspectCommand())
            .addSubcommand(new BenchCommand())
            .addSubcommand(new DoctorCommand(terminal))
            .addSubcommand(new CudaSelftestCommand(terminal))
            .addSubcommand(new HelpCommand());
    return configured(line, terminal);
  }

  /** How every command writes, and how its errors look. */
  static CommandLine configured(CommandLine line, Terminal terminal) {
    return line.setOut(terminal.out())
        .setErr(terminal.err())
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(Main::wrongUsage)
        .setExecutionExceptionHandler((error, command, parsed) -> failed(error, command));
  }

  /** The version in the jar's manifest. */
  static String version() {
    @Nullable String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "(not from a jar)" : version;
  }

  /** Without a command: the help. */
  @Override
  public void run() {
    commandLine(terminal).usage(terminal.out());
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

  /** The versions of spam4j and of Java. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"spam4j " + version(), "Java " + Runtime.version()};
    }
  }
}
