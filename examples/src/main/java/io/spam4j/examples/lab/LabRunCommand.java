package io.spam4j.examples.lab;

import io.spam4j.examples.lab.runs.Matrix;
import io.spam4j.examples.lab.runs.RunRecord;
import io.spam4j.examples.lab.tasks.LanguageTask;
import io.spam4j.examples.lab.text.EnglishText;
import io.spam4j.examples.llama.Corpus;
import io.spam4j.examples.output.Quantities;
import io.spam4j.examples.shell.Interruption;
import io.spam4j.examples.shell.OutputLock;
import io.spam4j.examples.shell.Terminal;
import io.spam4j.examples.shell.UsageException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Does the runs of experiments. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Do the runs of experiments that are not there yet. Ctrl-C gives up the runs at hand and keeps"
          + " those that ended; the same command goes on.",
      ""
    })
final class LabRunCommand implements Callable<Integer> {
  private static final Path ENGLISH = Path.of("english");
  private static final double NANOS_PER_HOUR = 3600e9;

  @Parameters(
      arity = "1..*",
      paramLabel = "EXPERIMENT",
      description = "Names as ./spam4j lab list shows them.")
  private List<String> experiments = List.of();

  @Option(
      names = "--preset",
      paramLabel = "NAME",
      description = "smoke, quick, standard or full (default: ${DEFAULT-VALUE}).")
  private String preset = "quick";

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description =
          "A text, or a folder or zip of texts, to learn from; english for one that is fetched once"
              + " (default: the sources of this JDK).")
  private @Nullable Path data;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "Runs at once; changes no digit (default: the cores, ${DEFAULT-VALUE}).")
  private int jobs = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--hours",
      paramLabel = "H",
      description = "Begin no run after so many hours (default: go on to the end).")
  private double hours = Double.POSITIVE_INFINITY;

  @Option(
      names = "--results",
      paramLabel = "DIR",
      description = "Where results are kept (default: ${DEFAULT-VALUE}).")
  private Path results = LabCommand.FOLDER;

  private final Terminal terminal;
  private final LongSupplier nanoTime = System::nanoTime;

  LabRunCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws IOException {
    if (jobs < 1 || !(hours > 0)) {
      throw new UsageException(
          "jobs must be at least 1 and hours positive: jobs=%d, hours=%s".formatted(jobs, hours));
    }
    PrintWriter err = terminal.err();
    Runnable notice =
        () -> err.println("stopping: runs at hand are given up, those that ended stay");
    try (OutputLock _ = OutputLock.of(results, "lab");
        Interruption interruption = Interruption.watch(notice)) {
      LanguageTask task = task(err);
      Progress progress = new Progress();
      Matrix matrix = matrix(task, progress);
      err.println("%s, preset %s, text %s".formatted(experiments, preset, task.settings()));
      err.println("%d runs left at most, %d at once".formatted(matrix.left(), jobs));
      err.flush();
      boolean complete = matrix.run(jobs, progress::isLate, interruption::requested);
      err.println(
          complete
              ? "all runs are there: ./spam4j lab report tells what they say"
              : "runs are missing: the same command goes on from here");
      err.flush();
      return interruption.requested() ? Interruption.STOPPED : ExitCode.OK;
    }
  }

  private LanguageTask task(PrintWriter err) throws IOException {
    if (data == null) {
      return LanguageTask.of("java", Corpus.defaultData());
    }
    if (data.equals(ENGLISH) && !Files.exists(data)) {
      Path text = EnglishText.fetch(EnglishText.defaultCache(), err::println);
      return LanguageTask.of(ENGLISH.toString(), text);
    }
    return LanguageTask.of(data.getFileName().toString(), data);
  }

  private Matrix matrix(LanguageTask task, Progress progress) throws IOException {
    try {
      return new Lab(results).matrix(task, experiments, preset, progress);
    } catch (IllegalArgumentException wrong) {
      throw new UsageException(String.valueOf(wrong.getMessage()));
    }
  }

  /** Tells of each run that ends, and how long the rest will take if runs go on as they did. */
  private final class Progress implements Matrix.Listener {
    private final long start = nanoTime.getAsLong();
    private int ended;

    boolean isLate() {
      return nanoTime.getAsLong() - start > hours * NANOS_PER_HOUR;
    }

    @Override
    public synchronized void ended(RunRecord run, int left) {
      ended++;
      long passed = nanoTime.getAsLong() - start;
      Duration rest = Duration.ofNanos((long) ((double) passed / ended * left));
      var settings = run.settings();
      terminal
          .err()
          .println(
              "%s rate %s ratio %s seed %s: %s nats; %d runs, %s left at most"
                  .formatted(
                      settings.get("optimizer", "?"),
                      settings.get("rate"),
                      settings.get("ratio"),
                      settings.get("seed"),
                      run.outcome().diverged()
                          ? "diverged"
                          : "%.4f".formatted(run.outcome().tuning()),
                      left,
                      Quantities.time(rest)));
      terminal.err().flush();
    }
  }
}
