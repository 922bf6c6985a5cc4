package io.spam4j.examples.lab;

import io.spam4j.examples.lab.runs.RunStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tells what is there and what is missing. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Show what was asked for, and how many runs are left.")
final class LabStatusCommand implements Callable<Integer> {
  @Option(
      names = "--results",
      paramLabel = "DIR",
      description = "Where results are kept (default: ${DEFAULT-VALUE}).")
  private Path results = LabCommand.FOLDER;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the field
  LabStatusCommand() {}

  @Override
  public Integer call() throws IOException {
    Lab lab = new Lab(results);
    RunStore store = lab.store();
    List<Lab.Asked> asked = lab.asked();
    PrintWriter out = spec.commandLine().getOut();
    out.println("%d runs are there: %s".formatted(store.all().size(), results));
    for (Lab.Asked each : asked) {
      int left = each.design().runsLeft(store);
      out.println(
          "%s, preset %s, text %s: %s"
              .formatted(
                  each.design().experiment().name(),
                  each.design().preset().name(),
                  each.task().get("task.text", "?"),
                  left == 0 ? "complete" : left + " runs left at most"));
    }
    if (asked.isEmpty()) {
      out.println("nothing was asked for yet: ./spam4j lab run EXPERIMENT");
    }
    out.flush();
    return ExitCode.OK;
  }
}
