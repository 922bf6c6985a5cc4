package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.cuda.StandIn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** NVIDIA's own assembler accepts the PTX that is shipped, for all GPUs that it knows. */
final class PtxasTest {
  private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)\\(");
  private static final Pattern COMPILED =
      Pattern.compile("Compiling entry function '(\\w+)' for '(\\w+)'");
  private static final String NO_SPILLS =
      "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads";

  private static @Nullable String ptxas;
  private static String targets = "";

  @TempDir private Path folder;

  private record Outcome(int status, String text) {}

  @BeforeAll
  static void find() throws IOException, InterruptedException {
    for (String candidate : List.of("/usr/local/cuda/bin/ptxas", "ptxas")) {
      try {
        targets = run(candidate, "--help").text;
        ptxas = candidate;
        return;
      } catch (IOException e) {
        targets = "";
      }
    }
  }

  private static Outcome run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), text);
  }

  private Outcome assemble(String ptx, String target) throws IOException, InterruptedException {
    assumeTrue(ptxas != null, "the PTX is not assembled: there is no ptxas");
    assumeTrue(
        targets.contains("'" + target + "'"),
        "the PTX is not assembled for " + target + ": the installed ptxas does not know it");
    Path source = Files.writeString(folder.resolve("spam4j.ptx"), ptx);
    Path cubin = folder.resolve("spam4j.cubin");
    return run(
        String.valueOf(ptxas), "-v", "-arch=" + target, source.toString(), "-o", cubin.toString());
  }

  private static List<String> all(Pattern pattern, String text, int group) {
    return pattern.matcher(text).results().map(found -> found.group(group)).sorted().toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121})
  void ptx_isAssembledWithoutSpills(int target) throws IOException, InterruptedException {
    String ptx = StandIn.kernels();
    List<String> entries = all(ENTRY, ptx, 1);

    Outcome outcome = assemble(ptx, "sm_" + target);

    assertThat(outcome.status).as(outcome.text).isZero();
    assertThat(all(COMPILED, outcome.text, 1)).isNotEmpty().isEqualTo(entries);
    assertThat(all(COMPILED, outcome.text, 2)).containsOnly("sm_" + target);
    List<String> spills = outcome.text.lines().filter(line -> line.contains("spill")).toList();
    assertThat(spills).hasSameSizeAs(entries).allMatch(line -> line.strip().equals(NO_SPILLS));
    assertThat(Stream.of("warning", "error")).noneMatch(outcome.text::contains);
  }

  @Test
  void ptx_thatIsBrokenIsRefused() throws IOException, InterruptedException {
    String broken = StandIn.kernels().replaceFirst("add\\.rn\\.f32", "add.rn.f31");

    Outcome outcome = assemble(broken, "sm_90");

    assertThat(outcome.status).isNotZero();
    assertThat(outcome.text).contains("f31");
  }
}
