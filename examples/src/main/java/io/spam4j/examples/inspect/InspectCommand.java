package io.spam4j.examples.inspect;

import io.spam4j.engine.checkpoint.CheckpointReader;
import io.spam4j.examples.output.Json;
import io.spam4j.examples.shell.InputFile;
import io.spam4j.examples.shell.Shell;
import io.spam4j.tensors.safetensors.Safetensors;
import io.spam4j.tensors.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code spam4j inspect}: what is in a checkpoint, and whether it is whole. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Print what a checkpoint holds: optimizer, steps, resets, settings, and of every tensor its"
          + " shape, bytes, norm, largest magnitude and values that are not finite. Of other"
          + " safetensors files: tensors and metadata.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:Done; with --verify: every checksum is right.",
      "1:The file cannot be read, is damaged, or has no checksums to verify."
    })
public final class InspectCommand implements Callable<Integer> {
  /** What the metadata of every checkpoint have; see docs/checkpoints.md. */
  private static final String CHECKPOINT_KEY = "spam4j.format";

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "A safetensors file.")
  private Path file;

  @Option(
      names = "--verify",
      description = "Only compare all bytes of a checkpoint with its checksums.")
  private boolean verify;

  @Option(names = "--json", description = "Print JSON; numbers that are not finite are null.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields
  public InspectCommand() {}

  @Override
  public Integer call() {
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile opened = SafetensorsFile.open(InputFile.require(file))) {
      Safetensors tensors = opened.map(arena); // for names, types and shapes alone
      if (tensors.metadata().containsKey(CHECKPOINT_KEY)) {
        try (CheckpointReader reader = CheckpointReader.open(file, arena)) {
          return inspect(reader);
        }
      }
      if (verify) {
        throw new IOException("only checkpoints of spam4j have checksums to verify: file=" + file);
      }
      FileSummary summary = FileSummary.of(file, opened, tensors);
      print(summary, FileText.of(summary));
      return ExitCode.OK;
    } catch (IOException e) {
      spec.commandLine().getErr().println(Shell.line(e));
      return ExitCode.SOFTWARE;
    }
  }

  private int inspect(CheckpointReader reader) throws IOException {
    if (verify) {
      Verification verification = Verification.of(reader);
      print(verification, verification.text());
      return verification.damaged().isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
    }
    CheckpointSummary summary = CheckpointSummary.of(reader);
    print(summary, CheckpointText.of(summary));
    return ExitCode.OK;
  }

  private void print(Object facts, String text) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.indented(facts));
    } else {
      out.print(text);
    }
    out.flush();
  }
}
