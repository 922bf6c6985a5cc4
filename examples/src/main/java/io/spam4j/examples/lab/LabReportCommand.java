package io.spam4j.examples.lab;

import io.spam4j.tensors.internal.files.WholeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tells what runs say. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = "Decide every claim from the runs that are there, and write lab.md.")
final class LabReportCommand implements Callable<Integer> {
  @Option(
      names = "--results",
      paramLabel = "DIR",
      description = "Where results are kept (default: ${DEFAULT-VALUE}).")
  private Path results = LabCommand.FOLDER;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "The page to write (default: lab.md beside the results).")
  private @Nullable Path output;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the field
  LabReportCommand() {}

  @Override
  public Integer call() throws IOException {
    Lab lab = new Lab(results);
    List<Lab.Asked> asked = lab.asked();
    if (asked.isEmpty()) {
      throw new IOException(
          "there is nothing to report, ./spam4j lab run EXPERIMENT first: results=" + results);
    }
    String page = LabPage.of(lab.declaration(), asked, lab.store());
    Path file = output == null ? results.resolve("lab.md") : output;
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    WholeFile.write(file, page.getBytes(StandardCharsets.UTF_8));
    PrintWriter out = spec.commandLine().getOut();
    out.print(page);
    out.println();
    out.println("report: " + file.toAbsolutePath().normalize());
    out.flush();
    return ExitCode.OK;
  }
}
