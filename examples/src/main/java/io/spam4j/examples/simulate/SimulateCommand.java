package io.spam4j.examples.simulate;

import io.spam4j.examples.formats.Words;
import io.spam4j.examples.output.HtmlPage;
import io.spam4j.examples.shell.OutputLock;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code spam4j simulate}: Figure 5 of the SPAM paper. */
@Command(
    name = "simulate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Send 200 random gradients with one spike through Adam and SPAM, over many seeds, and compare"
          + " their moments with what is expected: Figure 5 of the SPAM paper. Writes a picture and"
          + " a page.",
      ""
    })
public final class SimulateCommand implements Callable<Integer> {
  private static final String TEMPLATE = "/io/spam4j/examples/simulate/simulate.html";

  @Spec private CommandSpec spec;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "Independent runs; their mean is shown (default: ${DEFAULT-VALUE}).")
  private int seeds = 2000;

  @Option(
      names = "--distribution",
      paramLabel = "NAME",
      description =
          "Of the gradients: gaussian, N(0.1, variance 0.1), or uniform, U[0.1, 0.2) (default:"
              + " ${DEFAULT-VALUE}).")
  private String distribution = Distribution.GAUSSIAN.toString();

  @Option(
      names = "--mode",
      paramLabel = "NAME",
      description =
          "Whether the spike of 10 replaces its gradient or is added to it: replace or add"
              + " (default: ${DEFAULT-VALUE}).")
  private String mode = SpikeMode.REPLACE.toString();

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description =
          "Where moments.png, report.html and results.json go (default: ${DEFAULT-VALUE}).")
  private Path output = Path.of("target", "spam4j-simulate");

  @SuppressWarnings("NullAway.Init") // picocli sets the field
  public SimulateCommand() {}

  @Override
  public Integer call() throws IOException {
    SimulationSettings settings = settings();
    SimulationResult result = Simulation.run(settings, Contender.ALL);
    Findings findings = Findings.of(result, Contender.ALL);
    PrintWriter out = spec.commandLine().getOut();
    out.println(settings.gradients() + "; " + settings.conditions());
    out.println();
    out.print(findings.text());
    out.println();
    out.flush();

    try (OutputLock _ = OutputLock.of(output, "simulation")) {
      return write(result, findings, out);
    }
  }

  private int write(SimulationResult result, Findings findings, PrintWriter out)
      throws IOException {
    HtmlPage.writeResults(output.resolve("results.json"), new Results(result, findings));
    Path page = output.resolve("report.html");
    HtmlPage.write(page, HtmlPage.of(TEMPLATE, SimulationPage.of(result, findings)));
    out.println("report: " + page.toAbsolutePath().normalize());
    Optional<String> obstacle = Fonts.obstacle();
    if (obstacle.isPresent()) {
      out.flush();
      spec.commandLine().getErr().println("spam4j: no picture: " + obstacle.get());
      return 1;
    }
    Path picture = output.resolve("moments.png");
    MomentsPicture.write(result, picture);
    out.println("picture: " + picture.toAbsolutePath().normalize());
    out.flush();
    return 0;
  }

  /** What results.json holds. */
  private record Results(SimulationResult result, Findings findings) {}

  private SimulationSettings settings() {
    try {
      return new SimulationSettings(
          seeds,
          Words.named("distribution", EnumSet.allOf(Distribution.class), distribution),
          Words.named("mode", EnumSet.allOf(SpikeMode.class), mode));
    } catch (IllegalArgumentException wrong) {
      throw new ParameterException(spec.commandLine(), String.valueOf(wrong.getMessage()), wrong);
    }
  }
}
