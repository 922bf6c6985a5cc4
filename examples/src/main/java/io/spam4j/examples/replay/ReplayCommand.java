package io.spam4j.examples.replay;

import io.spam4j.examples.shell.Shell;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code spam4j replay}: is the engine the optimizer that it says it is. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    description =
        "Replays recorded optimizer traces through the engine and compares weights and moments at"
            + " every recorded step.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:All traces pass.",
      "1:A trace fails.",
      "2:A file is no trace.",
      "3:A trace is of an optimizer that the engine does not have."
    })
public final class ReplayCommand implements Callable<Integer> {
  private static final int FAIL = 1;
  private static final int NO_TRACE = 2;
  private static final int UNSUPPORTED = 3;

  @Spec private CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Traces, as safetensors files.")
  private List<Path> files;

  @Option(
      names = "--tolerance",
      paramLabel = "ERROR",
      defaultValue = "5e-6",
      description =
          "Largest max|ours - theirs| / max|theirs| of a tensor at a step that passes (default:"
              + " ${DEFAULT-VALUE}).")
  private double tolerance;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  public ReplayCommand() {}

  @Override
  public Integer call() {
    boolean failed = false;
    boolean noTrace = false;
    boolean unsupported = false;
    for (Path file : files) {
      try (Arena arena = Arena.ofShared()) {
        Trace trace = Trace.open(file, arena);
        try {
          Replay.Errors errors = Replay.run(trace);
          boolean passes = errors.worst() <= tolerance;
          failed |= !passes;
          print(file, trace, errors, passes ? "PASS" : "FAIL");
        } catch (UnsupportedTraceException e) {
          unsupported = true;
          String name = trace.optimizer();
          out().println(Shell.harmless(file + ": " + name + ", UNSUPPORTED: " + e.getMessage()));
        } catch (IllegalArgumentException e) { // of a builder that refuses what was recorded
          noTrace = true;
          spec.commandLine().getErr().println(noTrace(e.getMessage() + ", file=" + file));
        }
      } catch (IOException e) {
        noTrace = true;
        spec.commandLine().getErr().println(noTrace(String.valueOf(e.getMessage())));
      }
      out().flush();
    }
    if (noTrace) {
      return NO_TRACE;
    }
    return failed ? FAIL : unsupported ? UNSUPPORTED : 0;
  }

  private static String noTrace(String message) {
    return "spam4j: no trace: " + Shell.harmless(message);
  }

  private void print(Path file, Trace trace, Replay.Errors errors, String verdict) {
    var other = new StringBuilder();
    errors
        .other()
        .forEach(
            (name, error) -> other.append(String.format(Locale.ROOT, "%s %.2e, ", name, error)));
    out()
        .printf(
            Locale.ROOT,
            "%s: %s, %d steps, weights %.2e, firstMoment %.2e, secondMoment %.2e, %s%s%n",
            file,
            Shell.harmless(trace.optimizer()),
            trace.steps(),
            errors.weights(),
            errors.firstMoment(),
            errors.secondMoment(),
            other,
            verdict);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
