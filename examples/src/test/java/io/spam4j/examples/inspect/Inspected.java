package io.spam4j.examples.inspect;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/** Files to inspect, and what the command says of them. */
final class Inspected {
  private final Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  Inspected(Path folder) {
    this.folder = folder;
  }

  /** A file of other software, with an escape sequence in a name. */
  Path foreign() throws IOException {
    MemorySegment bytes = MemorySegment.ofArray(new byte[] {1, 2, 3});
    Map<String, Tensor> tensors =
        Map.of(
            "single", Tensor.of(new float[] {3, -4, Float.NaN, Float.NEGATIVE_INFINITY}, 2, 2),
            "half", half(DType.F16, Float.floatToFloat16(-2), Float.floatToFloat16(1.5f)),
            "brain", half(DType.BF16, (short) 0x3f80, (short) 0x7f80),
            "double",
                Tensor.of(MemorySegment.ofArray(new double[] {3e-300, -4e-300}), DType.F64, 2),
            "mask \u001b[31m", Tensor.of(bytes, DType.U8, 3));
    Path file = folder.resolve("model.safetensors");
    Safetensors.write(file, tensors, Map.of("format", "pt", "long", "x".repeat(1200)));
    return file;
  }

  private static Tensor half(DType dtype, short... bits) {
    return Tensor.of(MemorySegment.ofArray(bits), dtype, bits.length);
  }

  static Spam.Builder sparseSpam() {
    return Spam.builder()
        .resetInterval(5)
        .rewarmSteps(2)
        .spikeGraceSteps(1)
        .group("layer", group -> group.density(0.5).learningRate(0.5));
  }

  /** Two parameters, of which one gets a gradient in every other step only. */
  Path checkpoint(OptimizerBuilder<?> builder, int steps, SaveOptions options) throws IOException {
    Tensor layer = Tensor.of(new float[] {1, -2, 3, -4, 5, -6, 7, -8}, 2, 4);
    Tensor norm = Tensor.of(new float[] {1, 1, 1}, 3);
    Tensor gradient = Tensor.of(new float[] {1, 1, 1, 1, 1, 1, 1, 1}, 2, 4);
    Tensor other = Tensor.of(new float[] {2, 0, -2}, 3);
    Path file = folder.resolve("run.safetensors");
    try (Optimizer optimizer =
        builder.build(List.of(new Parameter("norm", norm), new Parameter("layer", layer)))) {
      for (int step = 0; step < steps; step++) {
        optimizer.step(
            step % 2 == 0
                ? Gradients.of(Map.of("layer", gradient, "norm", other))
                : Gradients.of(Map.of("layer", gradient)));
      }
      optimizer.save(file, options);
    }
    return file;
  }

  int inspect(Path file, String... options) {
    List<String> arguments = new ArrayList<>(List.of(file.toString()));
    arguments.addAll(Arrays.asList(options));
    return new CommandLine(new InspectCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments.toArray(String[]::new));
  }

  String out() {
    return shown(out);
  }

  String err() {
    return shown(err);
  }

  void clear() {
    out.getBuffer().setLength(0);
  }

  /** With the same folder and line ends everywhere. */
  private String shown(StringWriter text) {
    return text.toString()
        .replace(System.lineSeparator(), "\n")
        .replace(folder.toString(), "FOLDER");
  }
}
