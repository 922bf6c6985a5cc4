package io.spam4j.examples.bench;

import io.spam4j.examples.bench.values.BenchSize;
import io.spam4j.examples.output.Json;
import io.spam4j.tensors.internal.files.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code spam4j bench}: steps against the speed of memory, plain loops and libtorch. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Time optimizer steps in turn, each beside a loop that moves the same bytes and computes"
          + " nothing: of this engine, of plain Java and C loops, and of libtorch. Checks what each"
          + " does first. All arms take some minutes and 12 GB.",
      ""
    })
public final class BenchCommand implements Callable<Integer> {
  private static final String STANDARD_OUTPUT = "-";

  @Spec private CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often each arm is timed (default: ${DEFAULT-VALUE}).")
  private int rounds = 15;

  @Option(
      names = "--sizes",
      paramLabel = "NAME",
      split = ",",
      description =
          "large: one tensor; llama60m: the 75 tensors of LLaMA-60M; million: one tensor of a"
              + " million; many: as many in 10,000 tensors; cached: 65,536 weights, one thread"
              + " (default: all).")
  private List<String> sizes = List.of("large", "llama60m", "million", "many", "cached");

  @Option(
      names = "--weights",
      paramLabel = "N",
      description =
          "Of the large tensor, at least 1000; the other sizes shrink to about as many (default:"
              + " ${DEFAULT-VALUE}).")
  private long weights = BenchSize.LARGE_WEIGHTS;

  @Option(
      names = "--arms",
      paramLabel = "NAME",
      split = ",",
      description = "Only these: spam-f32 for all its sizes, or spam-f32-cached (default: all).")
  private List<String> arms = List.of();

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      description =
          "The least time that each arm warms up for; ends when it gets no faster, at ten times"
              + " this at the latest (default: ${DEFAULT-VALUE}).")
  private double warmUp = 1.5;

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      description =
          "An arm that would take longer for all rounds is timed in fewer, but three (default:"
              + " ${DEFAULT-VALUE}).")
  private double budget = 20;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Where the numbers go as JSON; - for standard output, instead of the table.")
  private @Nullable String json;

  @SuppressWarnings("NullAway.Init") // picocli sets the field
  public BenchCommand() {}

  @Override
  public Integer call() throws IOException {
    BenchSettings settings = settings();
    PrintWriter err = spec.commandLine().getErr();
    BenchReport report = new Bench(settings, err::println).run();
    PrintWriter out = spec.commandLine().getOut();
    if (STANDARD_OUTPUT.equals(json)) {
      out.println(Json.indented(report));
    } else {
      BenchText.lines(report).forEach(out::println);
      if (json != null) {
        WholeFile.write(Path.of(json), Json.indented(report) + "\n");
      }
    }
    out.flush();
    return 0;
  }

  private BenchSettings settings() {
    try {
      return new BenchSettings(
          sizes.stream().map(BenchSize::of).toList(),
          arms,
          weights,
          rounds,
          seconds(warmUp),
          seconds(budget));
    } catch (IllegalArgumentException wrong) {
      throw new ParameterException(spec.commandLine(), String.valueOf(wrong.getMessage()), wrong);
    }
  }

  private static Duration seconds(double seconds) {
    return Duration.ofNanos(Math.round(seconds * 1e9));
  }
}
