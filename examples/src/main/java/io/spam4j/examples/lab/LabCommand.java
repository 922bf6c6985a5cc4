package io.spam4j.examples.lab;

import io.spam4j.examples.shell.Terminal;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Tests claims about optimizers, by runs that are kept. */
@Command(
    name = "lab",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Test what papers claim about optimizers: equal tuning for all, seeds that tuning has not"
          + " seen, paired differences and a verdict for each claim, whoever wins.",
      "",
      "Each run that ends is a file and is never run again, so a matrix of runs can be stopped in"
          + " whatever way and goes on with the same command.",
      ""
    })
public final class LabCommand implements Runnable {
  /** Where results go unless told otherwise. */
  static final Path FOLDER = Path.of("target", "spam4j-lab");

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the field
  private LabCommand() {}

  /** The command with those below it. */
  public static CommandLine commandLine(Terminal terminal) {
    return new CommandLine(new LabCommand())
        .addSubcommand(new LabListCommand())
        .addSubcommand(new LabRunCommand(terminal))
        .addSubcommand(new LabStatusCommand())
        .addSubcommand(new LabReportCommand());
  }

  /** Without a command below it: the help. */
  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
