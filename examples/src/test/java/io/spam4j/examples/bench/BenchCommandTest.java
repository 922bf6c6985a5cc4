package io.spam4j.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spam4j.examples.bench.arms.Arms;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class BenchCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int bench(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--warm-up", "0.001", "--weights", "20000"));
    all.addAll(List.of(arguments));
    return new CommandLine(new BenchCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .setOverwrittenOptionsAllowed(true)
        .execute(all.toArray(String[]::new));
  }

  @Test
  void jsonToStandardOutput_hasTheSchema() throws IOException {
    assertThat(
            bench("--json", "-", "--arms", "limit,spam-f32", "--sizes", "cached", "--rounds", "3"))
        .isZero();
    checkSchema(out.toString());
    assertThat(err.toString()).contains("spam-f32-cached: warms up");
  }

  @Test
  void jsonToAFile_andTheTable(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("bench.json");
    assertThat(
            bench(
                "--json",
                file.toString(),
                "--arms",
                "limit-cached,spam-f32-cached",
                "--rounds",
                "3"))
        .isZero();
    checkSchema(Files.readString(file));
    assertThat(out.toString())
        .contains(" cores, ")
        .containsPattern("\narm +weights +B/weight +median ")
        .containsPattern("\nspam-f32-cached +20,000 +28.00 ");
  }

  private static void checkSchema(String text) throws IOException {
    JsonNode json = new ObjectMapper().readTree(text);
    assertThat(json.fieldNames()).toIterable().containsExactly("machine", "arms", "skipped");
    assertThat(json.get("machine").fieldNames())
        .toIterable()
        .containsExactly("system", "processor", "cores", "threads", "vectorBits", "java");
    assertThat(json.get("arms")).hasSize(2);
    JsonNode arm = json.get("arms").get(1);
    assertThat(arm.fieldNames())
        .toIterable()
        .containsExactly(
            "name",
            "weights",
            "bytesPerWeight",
            "medianNs",
            "spread",
            "limitNs",
            "ratioToLimit",
            "rounds",
            "stepsPerRound");
    assertThat(arm.get("name").asText()).isEqualTo("spam-f32-cached");
    assertThat(arm.get("weights").asLong()).isEqualTo(20_000);
    assertThat(arm.get("bytesPerWeight").asDouble()).isEqualTo(28);
    assertThat(arm.get("ratioToLimit").asDouble())
        .isEqualTo(arm.get("medianNs").asDouble() / arm.get("limitNs").asDouble());
  }

  @Test
  void unknownArm_isWrongUsage() {
    assertThat(bench("--arms", "limit,fastest")).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("arm must be one of " + String.join(", ", Arms.names()) + ": arm=fastest");
  }

  @Test
  void armOfAnotherSize_isWrongUsage() {
    assertThat(bench("--arms", "c-loop", "--sizes", "large,llama60m")).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("arm must be timed at one of the sizes: arm=c-loop, sizes=[large, llama60m]");
  }

  @Test
  void fewWeights_areWrongUsage() {
    assertThat(bench("--weights", "999")).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("weights must be at least 1000 and rounds positive: weights=999, rounds=15");
  }

  @Test
  void unknownSize_isWrongUsage() {
    assertThat(bench("--sizes", "huge")).isEqualTo(2);
    assertThat(err.toString())
        .startsWith("size must be one of large, llama60m, million, many, cached: size=huge");
  }
}
