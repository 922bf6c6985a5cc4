package io.spam4j.examples.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.Sgd;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VerifyTest {
  @TempDir private Path folder = Path.of("");

  private Inspected files = new Inspected(folder);

  @BeforeEach
  void useTheFolder() {
    files = new Inspected(folder);
  }

  @Test
  void verify_ofAWholeCheckpoint_isWell() throws Exception {
    Path file = files.checkpoint(Inspected.sparseSpam(), 7, SaveOptions.defaults().withWeights());

    assertThat(files.inspect(file, "--verify")).isZero();

    assertThat(files.out()).isEqualTo("8 checksums, all well\n");
  }

  @Test
  void verify_ofADamagedCheckpoint_namesTheTensors() throws Exception {
    Path file = files.checkpoint(Inspected.sparseSpam(), 7, SaveOptions.defaults().withWeights());
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1; // the index comes last: its type has the smallest elements
    bytes[bytes.length - 9] ^= 64; // before it the weights of the last parameter
    Files.write(file, bytes);

    assertThat(files.inspect(file, "--verify")).isEqualTo(1);
    assertThat(files.out())
        .isEqualTo(
            """
            8 checksums, 2 wrong
              damaged: state.layer.mask
              damaged: weights.norm
            """);
    files.clear();

    assertThat(files.inspect(file, "--verify", "--json")).isEqualTo(1);
    assertThat(new ObjectMapper().readTree(files.out()))
        .hasToString(
            "{'file':'FOLDER/run.safetensors','checksums':8,'damaged':['state.layer.mask','weights.norm']}"
                .replace('\'', '"'));
  }

  @Test
  void verify_ofADamagedHeader_fails() throws Exception {
    Path file = files.checkpoint(Sgd.builder(), 3, SaveOptions.defaults());
    byte[] bytes = Files.readAllBytes(file);
    byte[] steps = "\"spam4j.steps\":\"3".getBytes(StandardCharsets.UTF_8);
    int at =
        new String(bytes, StandardCharsets.ISO_8859_1)
            .indexOf(new String(steps, StandardCharsets.ISO_8859_1));
    bytes[at + steps.length - 1] = '4';
    Files.write(file, bytes);

    assertThat(files.inspect(file, "--verify")).isEqualTo(1);

    assertThat(files.err())
        .matches(
            "spam4j: checkpoint header must have its checksum, take an older file:"
                + " file=FOLDER/run.safetensors, saved=[0-9a-f]{8}, actual=[0-9a-f]{8}\n");
    assertThat(files.out()).isEmpty();
  }

  @Test
  void verify_ofAnotherFile_isRefused() throws Exception {
    assertThat(files.inspect(files.foreign(), "--verify")).isEqualTo(1);

    assertThat(files.err())
        .isEqualTo(
            "spam4j: only checkpoints of spam4j have checksums to verify:"
                + " file=FOLDER/model.safetensors\n");
  }
}
