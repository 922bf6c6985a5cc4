package io.spam4j.examples.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.examples.shell.SpecialFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

final class InspectCommandTest {
  @TempDir private Path folder = Path.of("");

  private Inspected files = new Inspected(folder);

  @BeforeEach
  void useTheFolder() {
    files = new Inspected(folder);
  }

  @Test
  @EnabledOnOs(
      value = {OS.LINUX, OS.MAC},
      disabledReason = "no pipes in folders")
  void pipeOrFolder_isRefusedAndNotOpened() throws Exception {
    Path pipe = SpecialFiles.pipe(folder);
    assertThat(files.inspect(pipe)).isEqualTo(1);
    assertThat(files.inspect(folder)).isEqualTo(1);
    assertThat(files.err())
        .isEqualTo(
            """
            spam4j: file must be a regular file: file=FOLDER/pipe, is=pipe or device
            spam4j: file must be a regular file: file=FOLDER, is=folder
            """);
  }

  @Test
  void checkpoint_showsAllThatIsInIt() throws Exception {
    var options = SaveOptions.defaults().withWeights().note("batch", "12\u001b[2J\n13");
    Path file = files.checkpoint(Inspected.sparseSpam(), 7, options);

    assertThat(files.inspect(file)).isZero();

    assertThat(files.out()).contains("\n  resetInterval           5\n");
    // which settings an optimizer has is tested with it
    assertThat(files.out().replaceFirst("\nsettings\n(  .*\n)+", "\nsettings\n  ...\n"))
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
              name     shape  group  with state  updates  since reset  spikes
              layer  [2 x 4]      0     0.50000        7            3       0
              norm       [3]      1         all        4            2       0
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
                .formatted(TextPage.bytes(Files.size(file))));
  }

  @Test
  void checkpointOfAnOptimizerWithoutResets_saysSo() throws Exception {
    Path file = files.checkpoint(Sgd.builder().momentum(0), 3, SaveOptions.defaults());

    assertThat(files.inspect(file)).isZero();

    assertThat(files.out())
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
              name     shape  group  with state  updates  since reset  spikes
              layer  [2 x 4]      0         all        3            3       0
              norm       [3]      0         all        2            2       0
            memory
              state    0 B
              index    0 B
              weights  not in the file
              file     %s
            """
                .formatted(TextPage.bytes(Files.size(file))));
  }

  @Test
  void checkpointWithHistories_showsScalars() throws Exception {
    Path file = files.checkpoint(StableSpam.builder(), 2, SaveOptions.defaults());

    assertThat(files.inspect(file)).isZero();

    assertThat(files.out())
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
    Path file = files.checkpoint(Inspected.sparseSpam(), 7, options);

    assertThat(files.inspect(file, "--json")).isZero();

    JsonNode json = new ObjectMapper().readTree(files.out());
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
            "{'name':'layer','shape':[2,4],'group':0,'density':0.5,'updates':7,'updatesSinceReset':3,'spikes':0,'indexBytes':8,'scalars':{}}"
                .replace('\'', '"'));
    assertThat(json.get("bytes"))
        .hasToString(
            "{\"state\":56,\"index\":8,\"weights\":44,\"file\":%d}".formatted(Files.size(file)));
  }

  @Test
  void valuesThatAreNotFinite_areCounted() throws Exception {
    Path file = files.foreign();

    assertThat(files.inspect(file, "--json")).isZero();

    JsonNode single = new ObjectMapper().readTree(files.out()).get("tensors").get(1);
    assertThat(single)
        .hasToString(
            "{'name':'single','dtype':'F32','shape':[2,2],'bytes':16,'norm':5.0,'largest':4.0,'nonFinite':2}"
                .replace('\'', '"'));
  }

  @Test
  void anotherFile_showsTensorsAndMetadata() throws Exception {
    Path file = files.foreign();

    assertThat(files.inspect(file)).isZero();

    assertThat(files.out())
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
                .formatted("x".repeat(120), TextPage.bytes(Files.size(file))));
  }

  @Test
  void missingFile_isNamed() {
    assertThat(files.inspect(folder.resolve("none"))).isEqualTo(1);

    assertThat(files.err()).isEqualTo("spam4j: file must exist: file=FOLDER/none\n");
    assertThat(files.out()).isEmpty();
  }

  @Test
  void fileOfAnotherFormat_isRefused() throws Exception {
    Path file = Files.writeString(folder.resolve("text"), "not even a header");

    assertThat(files.inspect(file)).isEqualTo(1);

    assertThat(files.err()).startsWith("spam4j: safetensors ").contains("file=FOLDER/text");
    assertThat(files.out()).isEmpty();
  }
}
