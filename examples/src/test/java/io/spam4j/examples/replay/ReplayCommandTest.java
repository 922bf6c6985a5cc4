package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.shell.SpecialFiles;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

final class ReplayCommandTest {
  @TempDir private Path folder;

  private static final String NEWLINE = System.lineSeparator();

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int replay(Object... arguments) {
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    return new CommandLine(new ReplayCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(words);
  }

  private static final String MOMENTS = "weights E, firstMoment E, secondMoment E, ";

  /** The traces of each optimizer that the engine has, and what the command tells of it. */
  private static final Map<String, List<String>> PASSING =
      Map.of(
          "spam, " + MOMENTS,
          List.of("spam-dense-f32", "spam-dense-wd-f32", "spam-defaults-f32", "spam-sparse-f32"),
          "stablespam, " + MOMENTS + "m_max_t E, m_norm_t E, v_norm_t E, ",
          List.of("stablespam-f32", "stablespam-totalT-f32"),
          "adam, " + MOMENTS,
          List.of("adam-f32", "adam-amsgrad-f32"),
          "adamw, " + MOMENTS,
          List.of("adamw-f32"),
          "adafactor, " + MOMENTS + "exp_avg_sq_col E, exp_avg_sq_row E, ",
          List.of("adafactor-f32", "adafactor-beta1-f32", "adafactor-relative-f32"),
          "lion, " + MOMENTS,
          List.of("lion-f32"),
          "adam-mini, " + MOMENTS,
          List.of("adam-mini-f32", "adam-mini-wd-f32"));

  static Stream<Arguments> goldenTraces() {
    return PASSING.entrySet().stream()
        .flatMap(
            entry -> entry.getValue().stream().map(name -> Arguments.of(name, entry.getKey())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("goldenTraces")
  void goldenTrace_passes(String name, String line) {
    assertThat(replay(Golden.file(name))).isEqualTo(0);
    String errors = line.replace(", weights", ", (60|80|120|700) steps, weights");
    assertThat(out.toString())
        .matches(
            "\\S+"
                + name
                + "\\.safetensors: "
                + errors.replace("E", "[0-9]\\.[0-9]{2}e[-+][0-9]{2}")
                + "PASS\\s+");
  }

  @Test
  void goldenTraces_failAtATolerance_thatNoFloatEngineMeets() {
    assertThat(replay("--tolerance", "1e-9", Golden.file("spam-dense-f32"))).isEqualTo(1);
    assertThat(out.toString()).endsWith(", FAIL" + NEWLINE);
  }

  @Test
  void wrongHyperparameter_fails() throws IOException {
    Path changed = changed("spam-dense-f32", metadata -> metadata.put("threshold", "51"), _ -> {});
    assertThat(replay(changed)).isEqualTo(1);
  }

  @Test
  void wrongWeight_fails() throws IOException {
    Path changed =
        changed(
            "adam-f32",
            _ -> {},
            tensors -> {
              tensors.computeIfPresent(
                  "p1.param.0119",
                  (_, recorded) -> {
                    float[] weights = recorded.toFloats();
                    weights[3] += 1e-4f;
                    return Tensor.of(weights, weights.length);
                  });
            });
    assertThat(replay(changed)).isEqualTo(1);
  }

  @Test
  void doubleTrace_isUnsupported() {
    Path file = Golden.file("spam-dense-f64");
    assertThat(replay(file)).isEqualTo(3);
    assertThat(out.toString().strip())
        .isEqualTo(file + ": spam, UNSUPPORTED: the engine computes in F32: dtype=F64");
  }

  @Test
  void unknownOptimizerAndOptions_areUnsupported_neverIgnored() throws IOException {
    Path optimizer = changed("adam-f32", metadata -> metadata.put("optimizer", "none"), _ -> {});
    assertThat(replay(optimizer)).isEqualTo(3);
    Path option = changed("adam-f32", metadata -> metadata.put("maximize", "True"), _ -> {});
    assertThat(replay(option)).isEqualTo(3);
    assertThat(out.toString().lines())
        .containsExactly(
            optimizer + ": none, UNSUPPORTED: no such optimizer: optimizer=none",
            option + ": adam, UNSUPPORTED: no such options: {maximize=True}");
    Path harmless = changed("adam-f32", metadata -> metadata.put("maximize", "False"), _ -> {});
    assertThat(replay(harmless)).isEqualTo(0);
    Path foreign = changed("adam-f32", metadata -> metadata.put("threshold", "5000"), _ -> {});
    assertThat(replay(foreign)).isEqualTo(3);
    assertThat(out.toString()).endsWith(": no such options: {threshold=5000}" + NEWLINE);
    assertThat(replay(Golden.file("adam-f32"), optimizer)).isEqualTo(3);
  }

  @Test
  void maskedTrace_thatHoldsNoMasks_isNoTrace() throws IOException {
    Path file =
        changed(
            "spam-sparse-f32",
            _ -> {},
            tensors -> tensors.keySet().removeIf(name -> name.contains(".mask.")));
    assertThat(replay(file)).isEqualTo(2);
    assertThat(err.toString().strip())
        .startsWith("spam4j: no trace: a trace with a density must hold p0.mask.0000: density=");
  }

  @Test
  void wrongMask_fails() throws IOException {
    Path file =
        changed(
            "spam-sparse-f32",
            _ -> {},
            tensors -> {
              String first =
                  tensors.keySet().stream().filter(name -> name.contains(".mask.")).toList().get(1);
              tensors.remove(first);
            });
    assertThat(replay(file)).isEqualTo(1);
  }

  @Test
  void fileThatIsNoTrace_isNamed() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.txt"), "hello, this is no trace");
    Path empty = folder.resolve("empty.safetensors");
    Safetensors.write(
        empty, Map.of(), Map.of("optimizer", "spam", "steps", "3", "dtype", "float32"));
    Path untold = folder.resolve("untold.safetensors");
    Safetensors.write(untold, Map.of(), Map.of());
    assertThat(replay(text, empty, untold, Golden.file("adam-f32"))).isEqualTo(2);
    assertThat(err.toString().lines())
        .hasSize(3)
        .anyMatch(line -> line.contains("notes.txt"))
        .contains("spam4j: no trace: a trace must hold p0.init: file=" + empty + ", tensors=0")
        .contains(
            "spam4j: no trace: a trace's metadata must name its optimizer: file="
                + untold
                + ", metadata=[]");
    assertThat(out.toString()).contains("PASS");
    assertThat(replay(folder.resolve("missing"))).isEqualTo(2);
  }

  /** So many steps without a gradient took years. */
  @Test
  void traceThatClaimsMoreStepsThanItHolds_isNoTrace() throws IOException {
    Path file = changed("adam-f32", metadata -> metadata.put("steps", "999999999"), _ -> {});
    assertThat(replay(file)).isEqualTo(2);
    assertThat(err.toString().strip())
        .isEqualTo(
            "spam4j: no trace: a trace must hold tensors of each of its steps: file="
                + file
                + ", steps=999999999, recorded=120");
  }

  @Test
  void traceWithSettingsThatTheBuilderRefuses_isNoTrace() throws IOException {
    Path file = changed("adam-f32", metadata -> metadata.put("lr", "-1"), _ -> {});
    assertThat(replay(file, Golden.file("adam-f32"))).isEqualTo(2);
    assertThat(err.toString()).startsWith("spam4j: no trace: ").contains("file=" + file);
    assertThat(out.toString()).contains("PASS");
  }

  @Test
  void namesInATrace_doNotSteerTheTerminal() throws IOException {
    Path file =
        changed("adam-f32", metadata -> metadata.put("optimizer", "\u001b[2Jspam"), _ -> {});
    assertThat(replay(file)).isEqualTo(3);
    assertThat(out.toString()).doesNotContain("\u001b").contains("?[2Jspam");
  }

  @Test
  @EnabledOnOs(
      value = {OS.LINUX, OS.MAC},
      disabledReason = "no pipes in folders")
  void pipeOrFolder_isNoTraceAndNotOpened() throws Exception {
    Path pipe = SpecialFiles.pipe(folder);
    assertThat(replay(pipe, folder)).isEqualTo(2);
    assertThat(err.toString().lines())
        .containsExactly(
            "spam4j: no trace: file must be a regular file: file=" + pipe + ", is=pipe or device",
            "spam4j: no trace: file must be a regular file: file=" + folder + ", is=folder");
  }

  @Test
  void withoutFiles_theUsageIsShown() {
    assertThat(replay()).isEqualTo(2);
    assertThat(err.toString()).contains("Usage: replay");
  }

  /** A copy of a golden trace with something changed. */
  private Path changed(
      String name,
      Consumer<Map<String, String>> metadataChange,
      Consumer<Map<String, Tensor>> tensorChange)
      throws IOException {
    Path file = folder.resolve(name + "-" + System.nanoTime() + ".safetensors");
    try (Arena arena = Arena.ofConfined()) {
      Safetensors golden = Safetensors.open(Golden.file(name), arena);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      golden.names().forEach(tensor -> tensors.put(tensor, golden.tensor(tensor)));
      Map<String, String> metadata = new LinkedHashMap<>(golden.metadata());
      metadataChange.accept(metadata);
      tensorChange.accept(tensors);
      Safetensors.write(file, tensors, metadata);
    }
    return file;
  }
}
