package io.spam4j.examples.memory;

import io.spam4j.engine.Adafactor;
import io.spam4j.engine.Adam;
import io.spam4j.engine.AdamMini;
import io.spam4j.engine.AdamW;
import io.spam4j.engine.Lion;
import io.spam4j.engine.MomentBuilder;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.engine.Sgd;
import io.spam4j.engine.Spam;
import io.spam4j.engine.StableSpam;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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

  @SuppressWarnings("NullAway.Init") // picocli sets the field
  public MemoryCommand() {}

  @Override
  public Integer call() {
    LlamaModel llama;
    MemoryTable table;
    PaperMemory paper;
    double d;
    try {
      llama = LlamaModel.named(model);
      paper = PaperMemory.of(llama.weights(), llama.rank());
      d = density == null ? paper.galoreDensity() : density;
      table = table(llama, d);
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
    out.println("bytes, all numbers float32:");
    out.print(table.bytes());
    out.println();
    out.println("GiB:");
    out.print(table.gibibytes());
    out.println();
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

  private static MemoryTable table(LlamaModel llama, double density) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    long elements = 0;
    for (ModelWeight weight : llama.weights()) {
      shapes.put(weight.name(), weight.shape().stream().mapToLong(n -> n).toArray());
      elements += weight.elements();
    }
    List<MemoryTable.Row> rows =
        List.of(
            row("adamw", AdamW.builder(), shapes),
            row("adam, amsgrad", Adam.builder().amsgrad(true), shapes),
            row("spam", Spam.builder(), shapes),
            row(
                "spam, d = %.4f".formatted(density),
                sparse(Spam.builder(), llama, density),
                shapes),
            row("stable-spam", StableSpam.builder(), shapes),
            row(
                "stable-spam, d = %.4f".formatted(density),
                sparse(StableSpam.builder(), llama, density),
                shapes),
            row("adafactor", Adafactor.builder(), shapes),
            row("adam-mini", AdamMini.builder(llama.heads()), shapes),
            row("lion", Lion.builder(), shapes),
            row("sgd, momentum", Sgd.builder(), shapes));
    return new MemoryTable(elements * Float.BYTES, rows);
  }

  private static MemoryTable.Row row(
      String name, OptimizerBuilder<?> builder, Map<String, long[]> shapes) {
    return new MemoryTable.Row(name, builder.plannedMemory(shapes));
  }

  private static <B extends MomentBuilder<B>> B sparse(B builder, LlamaModel llama, double d) {
    for (ModelWeight weight : llama.weights()) {
      if (weight.target()) {
        builder.group(weight.name(), group -> group.density(d));
      }
    }
    return builder;
  }
}
