package io.spam4j.examples.cli;

import io.spam4j.examples.bench.BenchCommand;
import io.spam4j.examples.demo.DemoCommand;
import io.spam4j.examples.doctor.CudaSelftestCommand;
import io.spam4j.examples.doctor.DoctorCommand;
import io.spam4j.examples.inspect.InspectCommand;
import io.spam4j.examples.lab.LabCommand;
import io.spam4j.examples.memory.MemoryCommand;
import io.spam4j.examples.replay.ReplayCommand;
import io.spam4j.examples.shell.Shell;
import io.spam4j.examples.shell.Terminal;
import io.spam4j.examples.shell.Version;
import io.spam4j.examples.simulate.SimulateCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The program: its commands. */
@Command(
    name = "spam4j",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
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
  private final Terminal terminal;

  private Main(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Runs a command and exits with its code. */
  public static void main(String[] arguments) {
    Terminal terminal = Terminal.system();
    System.exit(Shell.run(commandLine(terminal), terminal, arguments));
  }

  /** The whole command line, writing to a terminal. */
  static CommandLine commandLine(Terminal terminal) {
    CommandLine line =
        new CommandLine(new Main(terminal))
            .addSubcommand(new DemoCommand(terminal))
            .addSubcommand(LabCommand.commandLine(terminal))
            .addSubcommand(new ReplayCommand())
            .addSubcommand(new SimulateCommand())
            .addSubcommand(new MemoryCommand())
            .addSubcommand(new InspectCommand())
            .addSubcommand(new BenchCommand())
            .addSubcommand(new DoctorCommand(terminal))
            .addSubcommand(new CudaSelftestCommand(terminal))
            .addSubcommand(new HelpCommand());
    return Shell.configured(line, terminal);
  }

  /** Without a command: the help. */
  @Override
  public void run() {
    commandLine(terminal).usage(terminal.out());
  }
}
