package io.spam4j.examples.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.SaveOptions;
import io.spam4j.engine.Sgd;
import io.spam4j.engine.Spam;
import io.spam4j.engine.StableSpam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Safetensors;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class InspectCommandTest {
  @TempDir private Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void checkpoint_showsAllThatIsInIt() throws Exception {
    var options = SaveOptions.defaults().withWeights().note("batch", "12\u001b[2J\n13");
    Path file = checkpoint(sparseSpam(), 7, options);

    assertThat(inspect(file)).isZero();

    assertThat(out()).contains("\n  resetInterval           5\n");
    // which settings an optimizer has is tested with it
    assertThat(out().replaceFirst("\nsettings\n(  .*\n)+", "\nsettings\n  ...\n"))
        .isEqualTo(
            """
            FOLDER/run.safetensors
            checkpoint
              optimizer         spam
              steps done        7
              non-finite steps  0 in a row
              resets            every 5 steps, next at step 10
              interval          2, 3 steps of it done
              format            1
            settings
              ...
            group 0
              learningRate    0.5
              weightDecay     0.0
              beta1           0.9
              beta2           0.999
              epsilon         1.0E-6
              spikeThreshold  5000.0
              density         0.5
            group 1
              learningRate    0.001
              weightDecay     0.0
              beta1           0.9
              beta2           0.999
              epsilon         1.0E-6
              spikeThreshold  5000.0
              density         1.0
            parameters
              name     shape  group  with state  updates  since reset
              layer  [2 x 4]      0     0.50000        7            3
              norm       [3]      1         all        4            2
            tensors
              of           what  type  bytes       norm    largest  not finite
              layer     weights   F32     32     14.859          8           0
              layer     exp_avg   F32     16    0.54200    0.27100           0
              layer  exp_avg_sq   F32     16  0.0059940  0.0029970           0
              layer       index    U8      8          -          -           -
              norm      weights   F32     12     1.7321     1.0028           0
              norm      exp_avg   F32     12    0.53740    0.38000           0
              norm   exp_avg_sq   F32     12   0.011308  0.0079960           0
            memory
              state    56 B
              index    8 B
              weights  44 B
              file     %s
            notes
              batch  12?[2J?13
            """
                .formatted(Page.bytes(Files.size(file))));
  }

  @Test
  void checkpointOfAnOptimizerWithoutResets_saysSo() throws Exception {
    Path file = checkpoint(Sgd.builder().momentum(0), 3, SaveOptions.defaults());

    assertThat(inspect(file)).isZero();

    assertThat(out())
        .startsWith(
            """
            FOLDER/run.safetensors
            checkpoint
              optimizer         sgd
              steps done        3
              non-finite steps  0 in a row
              resets            never
              format            1
            settings
            """)
        .endsWith(
            """
            parameters
              name     shape  group  with state  updates  since reset
              layer  [2 x 4]      0         all        3            3
              norm       [3]      0         all        2            2
            memory
              state    0 B
              index    0 B
              weights  not in the file
              file     %s
            """
                .formatted(Page.bytes(Files.size(file))));
  }

  @Test
  void checkpointWithHistories_showsScalars() throws Exception {
    Path file = checkpoint(StableSpam.builder(), 2, SaveOptions.defaults());

    assertThat(inspect(file)).isZero();

    assertThat(out())
        .contains(
            """
            scalars
              of     m_norm_t  v_norm_t  norm_count    m_max_t  m_max_count
              layer    1.4425    1.5200           2  0.0019990            2
              norm    0.84853   0.80000           1  0.0020000            1
            """);
  }

  @Test
  void json_isTheSameForMachines() throws Exception {
    String note = "long ".repeat(100);
    var options = SaveOptions.defaults().withWeights().note("text", note);
    Path file = checkpoint(sparseSpam(), 7, options);

    assertThat(inspect(file, "--json")).isZero();

    JsonNode json = new ObjectMapper().readTree(out());
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "file",
            "kind",
            "format",
            "optimizer",
            "steps",
            "nonFiniteSteps",
            "reset",
            "settings",
            "groups",
            "parameters",
            "bytes",
            "notes");
    assertThat(json.get("reset"))
        .hasToString("{\"every\":5,\"interval\":2,\"step\":3,\"next\":10}");
    assertThat(json.get("settings").get("resetInterval").textValue()).isEqualTo("5");
    assertThat(json.get("groups").get(0).get("density").textValue()).isEqualTo("0.5");
    assertThat(json.get("notes").get("text").textValue()).isEqualTo(note);
    assertThat(json.get("parameters").get(1).get("density").isNull()).isTrue();
    JsonNode layer = json.get("parameters").get(0);
    assertThat(layer.get("state").get(0).get("norm").doubleValue()).isBetween(0.541, 0.543);
    ((ObjectNode) layer).remove(List.of("state", "weights"));
    assertThat(layer)
        .hasToString(
            "{'name':'layer','shape':[2,4],'group':0,'density':0.5,'updates':7,'updatesSinceReset':3,'indexBytes':8,'scalars':{}}"
                .replace('\'', '"'));
    assertThat(json.get("bytes"))
        .hasToString(
            "{\"state\":56,\"index\":8,\"weights\":44,\"file\":%d}".formatted(Files.size(file)));
  }

  @Test
  void valuesThatAreNotFinite_areCounted() throws Exception {
    Path file = foreign();

    assertThat(inspect(file, "--json")).isZero();

    JsonNode single = new ObjectMapper().readTree(out()).get("tensors").get(1);
    assertThat(single)
        .hasToString(
            "{'name':'single','dtype':'F32','shape':[2,2],'bytes':16,'norm':5.0,'largest':4.0,'nonFinite':2}"
                .replace('\'', '"'));
  }

  @Test
  void anotherFile_showsTensorsAndMetadata() throws Exception {
    Path file = foreign();

    assertThat(inspect(file)).isZero();

    assertThat(out())
        .isEqualTo(
            """
            FOLDER/model.safetensors
            no checkpoint of spam4j
            metadata
              format  pt
              long    %s... (1,200 characters)
            tensors
              tensor      type    shape  bytes         norm      largest  not finite
              double       F64      [2]     16  5.0000e-300  4.0000e-300           0
              single       F32  [2 x 2]     16            5            4           2
              brain       BF16      [2]      4            1            1           1
              half         F16      [2]      4       2.5000            2           0
              mask ?[31m    U8      [3]      3            -            -           -
            memory
              file  %s
            """
                .formatted("x".repeat(120), Page.bytes(Files.size(file))));
  }

  @Test
  void verify_ofAWholeCheckpoint_isWell() throws Exception {
    Path file = checkpoint(sparseSpam(), 7, SaveOptions.defaults().withWeights());

    assertThat(inspect(file, "--verify")).isZero();

    assertThat(out()).isEqualTo("8 checksums, all well\n");
  }

  @Test
  void verify_ofADamagedCheckpoint_namesTheTensors() throws Exception {
    Path file = checkpoint(sparseSpam(), 7, SaveOptions.defaults().withWeights());
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1; // the index comes last: its type has the smallest elements
    bytes[bytes.length - 9] ^= 64; // before it the weights of the last parameter
    Files.write(file, bytes);

    assertThat(inspect(file, "--verify")).isEqualTo(1);
    assertThat(out())
        .isEqualTo(
            """
            8 checksums, 2 wrong
              damaged: state.layer.mask
              damaged: weights.norm
            """);
    out.getBuffer().setLength(0);

    assertThat(inspect(file, "--verify", "--json")).isEqualTo(1);
    assertThat(new ObjectMapper().readTree(out()))
        .hasToString(
            "{'file':'FOLDER/run.safetensors','checksums':8,'damaged':['state.layer.mask','weights.norm']}"
                .replace('\'', '"'));
  }

  @Test
  void verify_ofADamagedHeader_fails() throws Exception {
    Path file = checkpoint(Sgd.builder(), 3, SaveOptions.defaults());
    byte[] bytes = Files.readAllBytes(file);
    byte[] steps = "\"spam4j.steps\":\"3".getBytes(StandardCharsets.UTF_8);
    int at =
        new String(bytes, StandardCharsets.ISO_8859_1)
            .indexOf(new String(steps, StandardCharsets.ISO_8859_1));
    bytes[at + steps.length - 1] = '4';
    Files.write(file, bytes);

    assertThat(inspect(file, "--verify")).isEqualTo(1);

    assertThat(shown(err))
        .matches(
            "spam4j: checkpoint header must have its checksum, take an older file:"
                + " file=FOLDER/run.safetensors, saved=[0-9a-f]{8}, actual=[0-9a-f]{8}\n");
    assertThat(out()).isEmpty();
  }

  @Test
  void verify_ofAnotherFile_isRefused() throws Exception {
    assertThat(inspect(foreign(), "--verify")).isEqualTo(1);

    assertThat(shown(err))
        .isEqualTo(
            "spam4j: only checkpoints of spam4j have checksums to verify:"
                + " file=FOLDER/model.safetensors\n");
  }

  @Test
  void missingFile_isNamed() {
    assertThat(inspect(folder.resolve("none"))).isEqualTo(1);

    assertThat(shown(err)).isEqualTo("spam4j: file must exist: file=FOLDER/none\n");
    assertThat(out()).isEmpty();
  }

  @Test
  void fileOfAnotherFormat_isRefused() throws Exception {
    Path file = Files.writeString(folder.resolve("text"), "not even a header");

    assertThat(inspect(file)).isEqualTo(1);

    assertThat(shown(err)).startsWith("spam4j: safetensors ").contains("file=FOLDER/text");
    assertThat(out()).isEmpty();
  }

  private Path foreign() throws IOException {
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

  private static Spam.Builder sparseSpam() {
    return Spam.builder()
        .resetInterval(5)
        .rewarmSteps(2)
        .spikeGraceSteps(1)
        .group("layer", group -> group.density(0.5).learningRate(0.5));
  }

  /** Two parameters, of which one gets a gradient in every other step only. */
  private Path checkpoint(OptimizerBuilder<?> builder, int steps, SaveOptions options)
      throws IOException {
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

  private int inspect(Path file, String... options) {
    List<String> arguments = new ArrayList<>(List.of(file.toString()));
    arguments.addAll(Arrays.asList(options));
    return new CommandLine(new InspectCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments.toArray(String[]::new));
  }

  private String out() {
    return shown(out);
  }

  /** With the same folder and line ends everywhere. */
  private String shown(StringWriter text) {
    return text.toString()
        .replace(System.lineSeparator(), "\n")
        .replace(folder.toString(), "FOLDER");
  }
}
