package io.spam4j.examples.lab;

import io.spam4j.examples.lab.protocol.Claim;
import io.spam4j.examples.lab.protocol.Declaration;
import io.spam4j.examples.lab.protocol.Design;
import io.spam4j.examples.lab.protocol.Experiment;
import io.spam4j.examples.lab.protocol.Preset;
import io.spam4j.examples.lab.protocol.RunSettings;
import io.spam4j.examples.output.Quantities;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows what can be run. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "Show the experiments, their claims, and what they cost at each preset.")
final class LabListCommand implements Runnable {
  /** Of a step of the tiny model on two cores, two runs at once; measured on a Xeon. */
  private static final double SECONDS_A_STEP = 0.045;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the field
  LabListCommand() {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    Declaration declaration = Declaration.shipped();
    for (Experiment experiment : declaration.experiments()) {
      out.println(experiment.name() + ": " + experiment.title());
      out.println("  " + experiment.question());
      for (Claim claim : experiment.claims()) {
        out.println(
            "  - %s: %s %s: %s"
                .formatted(claim.id(), claim.statement(), claim.source(), claim.paper()));
      }
      out.println("  about, on two cores: " + costs(declaration, experiment));
    }
    out.flush();
  }

  private static String costs(Declaration declaration, Experiment experiment) {
    return declaration.presets().stream()
        .map(preset -> cost(preset, experiment))
        .collect(Collectors.joining("; "));
  }

  private static String cost(Preset preset, Experiment experiment) {
    Design design = new Design(experiment, preset, RunSettings.of(Map.of()));
    double seconds = design.runs() * preset.steps() * SECONDS_A_STEP;
    return "%s %d runs, %s"
        .formatted(
            preset.name(), design.runs(), Quantities.time(Duration.ofSeconds((long) seconds)));
  }
}
