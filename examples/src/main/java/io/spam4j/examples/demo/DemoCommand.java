package io.spam4j.examples.demo;

import io.spam4j.examples.shell.Interruption;
import io.spam4j.examples.shell.OutputLock;
import io.spam4j.examples.shell.Terminal;
import io.spam4j.examples.shell.UsageException;
import io.spam4j.examples.training.Training;
import io.spam4j.examples.training.TrainingCheckpoints;
import io.spam4j.examples.training.TrainingListener;
import io.spam4j.examples.training.TrainingResult;
import io.spam4j.examples.training.TrainingSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains a small language model with several optimizers and reports how they fared. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Train a byte-level language model with several optimizers, each once on clean gradients and"
          + " once with injected spikes, and write a report with charts.",
      "",
      "Ctrl-C stops after the step at hand and reports what ran.",
      "",
      "With --checkpoint-every a run that was stopped in whatever way, kill -9 and power cuts"
          + " included, goes on with the same command and --resume. It ends with the same numbers,"
          + " on the same machine, as if it had not been stopped; only measured times differ. What"
          + " is needed for that is in the folder checkpoints beside the report and is deleted once"
          + " the report of all runs is written.",
      ""
    })
public final class DemoCommand implements Callable<Integer> {
  /** The training itself; a test puts something quicker in its place. */
  @FunctionalInterface
  interface Runner {
    TrainingResult run(
        TrainingSettings settings,
        TrainingCheckpoints checkpoints,
        TrainingListener listener,
        BooleanSupplier stop)
        throws IOException;
  }

  private CommandSpec spec;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Where report.html and results.json go (default: ${DEFAULT-VALUE}).")
  private Path output = Path.of("target", "spam4j-demo");

  @Option(
      names = "--checkpoint-every",
      paramLabel = "N",
      description =
          "Steps of a run between two checkpoints; 0 for never (default: 0, with --resume as"
              + " before).")
  private @Nullable Integer checkpointEvery;

  @Option(
      names = "--resume",
      description =
          "Continue the session that was interrupted: read what it finished, go on from its last"
              + " checkpoint. The other options must be those of that session.")
  private boolean resume;

  private final Terminal terminal;
  private final Runner training;

  public DemoCommand(Terminal terminal) {
    this(
        terminal,
        (settings, checkpoints, listener, stop) ->
            new Training(settings, checkpoints, listener).run(stop));
  }

  @SuppressWarnings("NullAway.Init") // picocli sets the command's model
  DemoCommand(Terminal terminal, Runner training) {
    this.terminal = terminal;
    this.training = training;
  }

  /** Takes the command's model and adds the options of the training to it. */
  @Spec
  void setSpec(CommandSpec spec) {
    this.spec = spec;
    TrainingOptions.addTo(spec);
  }

  @Override
  public Integer call() throws IOException {
    TrainingSettings settings = checked(this::settings);
    TrainingCheckpoints checkpoints = checked(this::checkpoints);
    Progress progress = new Progress(terminal, System::nanoTime);
    Runnable notice = () -> progress.message("stopping after this step, then writing the report");
    try (OutputLock _ = OutputLock.of(output, "demo");
        Interruption interruption = Interruption.watch(notice)) {
      TrainingResult result = train(settings, checkpoints, progress, interruption::requested);
      if (result.runs().isEmpty()) {
        terminal.err().println("spam4j: nothing ran, so there is no report");
      } else {
        report(result);
      }
      if (result.interrupted()) {
        return Interruption.STOPPED;
      }
      checkpoints.discard(); // last: until here a kill leaves something to resume
      return ExitCode.OK;
    }
  }

  private TrainingResult train(
      TrainingSettings settings,
      TrainingCheckpoints kept,
      TrainingListener listener,
      BooleanSupplier stop)
      throws IOException {
    try {
      return training.run(settings, kept, listener, stop);
    } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError missing) {
      throw new IOException(
          "the demo needs libtorch, which JavaCPP has for linux-x86_64, macosx-arm64 and"
              + " windows-x86_64: os=%s, arch=%s, cause=%s"
                  .formatted(System.getProperty("os.name"), System.getProperty("os.arch"), missing),
          missing);
    }
  }

  private void report(TrainingResult result) throws IOException {
    Path page = HtmlReport.write(result, output);
    terminal.out().println();
    ResultTable table = ResultTable.of(result);
    terminal.out().print(table.text());
    terminal.out().println();
    terminal.out().print(table.times());
    terminal.out().println();
    terminal.out().println("report: " + page.toAbsolutePath().normalize());
    terminal.out().flush();
  }

  private TrainingSettings settings() {
    return TrainingOptions.settings(spec.commandLine().getParseResult());
  }

  private TrainingCheckpoints checkpoints() {
    OptionalInt every =
        checkpointEvery == null ? OptionalInt.empty() : OptionalInt.of(checkpointEvery);
    return new TrainingCheckpoints(output, every, resume);
  }

  private static <T> T checked(Supplier<T> options) {
    try {
      return options.get();
    } catch (IllegalArgumentException wrong) {
      throw new UsageException(String.valueOf(wrong.getMessage()));
    }
  }
}
