package io.spam4j.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Demos that are killed, each in a process of its own, and continued. */
class DemoResumeTest {
  private static final int FINISHED = 0;

  @TempDir private Path folder = Path.of("");

  private Path checkpoints = Path.of("");

  @BeforeEach
  void writeTexts() throws IOException {
    Path texts = Files.createDirectories(folder.resolve("texts"));
    checkpoints = folder.resolve("killed/checkpoints");
    for (int i = 0; i < 12; i++) {
      Files.writeString(
          texts.resolve(i + ".txt"), ("the " + i + "th cat sat on a mat. ").repeat(40));
    }
  }

  @Test
  void demo_killedThreeTimes_endsWithTheSameTableAndReport() throws Exception {
    assertThat(demo("whole", () -> false, "--checkpoint-every=3")).isEqualTo(FINISHED);

    kill("first", () -> exists("spam-d25-clean.safetensors"), "--checkpoint-every=3");
    kill("second", () -> isWriting() || exists("adamw-clean.json"), "--resume");
    kill("third", () -> exists("spam-d25-spiked.safetensors"), "--resume");
    assertThat(demo("killed", () -> false, "--resume")).isEqualTo(FINISHED);

    assertThat(Files.readString(folder.resolve("killed.err")))
        .contains("resuming: folder=" + checkpoints + System.lineSeparator())
        .contains("adamw-clean: finished earlier");
    assertThat(table("killed")).isEqualTo(table("whole")).contains("\nspam-d25 ");
    assertThat(results("killed")).isEqualTo(results("whole"));
    assertThat(checkpoints).doesNotExist();
    assertThat(folder.resolve("killed/report.html")).isNotEmptyFile();
  }

  /** Waits for a moment and kills the demo then, as {@code kill -9} does. */
  private void kill(String name, BooleanSupplier moment, String option) throws Exception {
    assertThat(demo(name, moment, option)).as(name).isNotEqualTo(FINISHED);
    assertThat(checkpoints.resolve("session.json")).exists();
  }

  private int demo(String name, BooleanSupplier killMoment, String option) throws Exception {
    String output = name.equals("whole") ? "whole" : "killed";
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
    command.add("-Dspam4j.vector.bits=0"); // starts sooner; the numbers are the same
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(
        List.of(
            "demo",
            option,
            "--data=" + folder.resolve("texts"),
            "--optimizers=spam-d25,adamw",
            "--steps=14",
            "--batch=2",
            "--length=16",
            "--spike-rate=0.2",
            "--output=" + folder.resolve(output)));
    Process demo =
        new ProcessBuilder(command)
            .redirectOutput(folder.resolve(name + ".out").toFile())
            .redirectError(folder.resolve(name + ".err").toFile())
            .start();
    try {
      while (demo.isAlive() && !killMoment.getAsBoolean()) {
        demo.waitFor(1, TimeUnit.MILLISECONDS);
      }
    } finally {
      demo.destroyForcibly();
    }
    return demo.waitFor();
  }

  private boolean exists(String file) {
    return Files.exists(checkpoints.resolve(file));
  }

  private boolean isWriting() {
    try (Stream<Path> files = Files.list(checkpoints)) {
      return files.anyMatch(file -> file.toString().endsWith(".tmp"));
    } catch (IOException changing) {
      return false;
    }
  }

  /** What is printed of results, up to the times. */
  private String table(String name) throws IOException {
    String out = Files.readString(folder.resolve(name + ".out"));
    assertThat(out).contains("ms a step");
    return out.substring(0, out.indexOf("ms a step"));
  }

  private JsonNode results(String name) throws IOException {
    JsonNode results =
        new ObjectMapper().readTree(folder.resolve(name).resolve("results.json").toFile());
    for (JsonNode run : results.get("runs")) {
      assertThat(run.get("modelMillis").doubleValue()).isPositive();
      ((ObjectNode) run).remove(List.of("modelMillis", "optimizerMillis"));
    }
    return results;
  }
}
