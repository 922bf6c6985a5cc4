package io.spam4j.examples.memory;

import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.StateFormat;
import io.spam4j.examples.formats.Words;
import io.spam4j.examples.models.LlamaModel;
import io.spam4j.tensors.DType;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code spam4j memory}: Table 3 of the SPAM paper, for this engine. */
@Command(
    name = "memory",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Print what training a LLaMA holds with each optimizer: weights, gradients, moments, the index"
          + " of sparse momentum and working memory, from the model's real shapes, without"
          + " allocating it.",
      ""
    })
public final class MemoryCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "60m, 130m, 350m, 1b or llama2-7b (default: ${DEFAULT-VALUE}).")
  private String model = "60m";

  @Option(
      names = "--density",
      paramLabel = "D",
      description =
          "The share of the weights in attention and feed-forward that have moments, in (0, 1]"
              + " (default: what holds as much state as GaLore does at the paper's rank).")
  private @Nullable Double density;

  @Option(
      names = "--lines",
      paramLabel = "L",
      description =
          "Weights of a line, where whole lines have moments: a power of two from 8 to 4096; 1 for"
              + " single weights (default: ${DEFAULT-VALUE}).")
  private int lines = 1;

  @Option(
      names = "--weights",
      paramLabel = "FORMAT",
      description = {
        "Of weights and gradients: f32 or bf16 (default: ${DEFAULT-VALUE}). With bf16 there is a row"
            + " for exact weights: their other 16 bits are state."
      })
  private String weights = Words.of(DType.F32);

  @Option(
      names = "--state",
      paramLabel = "FORMAT",
      description =
          "Of moments: f32, bf16 or int8, 8 bits and 4 bytes for 128 pairs (default:"
              + " ${DEFAULT-VALUE}).")
  private String state = Words.of(MomentFormat.F32);

  @SuppressWarnings("NullAway.Init") // picocli sets the field
  public MemoryCommand() {}

  @Override
  public Integer call() {
    LlamaModel llama;
    NumberFormats formats;
    MemoryTable table;
    PaperMemory paper;
    double d;
    try {
      llama = LlamaModel.named(model);
      DType type = Words.named("weights", List.of(DType.F32, DType.BF16), weights);
      formats = new NumberFormats(type, StateFormat.named(state));
      paper = PaperMemory.of(llama.weights(), llama.rank());
      d = density == null ? paper.galoreDensity() : density;
      table = new MemoryRows(llama, d, MaskSelection.random().lines(lines), formats).table();
    } catch (IllegalArgumentException wrong) {
      throw new ParameterException(spec.commandLine(), String.valueOf(wrong.getMessage()), wrong);
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        Locale.ROOT,
        "%s: %,d weights, %,d of them in attention and feed-forward%n",
        llama.name(),
        paper.parameters(),
        paper.targets());
    out.println(
        "density that equals GaLore at rank " + llama.rank() + ": " + paper.galoreDensity());
    out.println("density here: " + d);
    out.println();
    out.println("bytes, " + formats + ":");
    out.print(table.bytes());
    out.println();
    out.println("GiB:");
    out.print(table.gibibytes());
    out.println();
    if (!formats.notes().isEmpty()) {
      formats.notes().forEach(out::println);
      out.println();
    }
    out.println("as the paper counts, weights and moments in BF16, no gradients, no index:");
    print(out, "adam", paper.adamBytes());
    print(out, "spam at d = " + d, paper.spamBytes(d));
    out.flush();
    return 0;
  }

  private static void print(PrintWriter out, String name, long bytes) {
    out.printf(
        Locale.ROOT,
        "%s: %,d bytes, %.3f GB, %.3f GiB%n",
        name,
        bytes,
        bytes / 1e9,
        bytes / (double) (1L << 30));
  }
}
