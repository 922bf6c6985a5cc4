package io.spam4j.engine.internal.kernel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.ChildProcess;
import io.spam4j.tensors.internal.simd.Readiness;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The first steps of a process, by scalar code until the vector loops are compiled. */
final class ColdStartTest {
  @Test
  void firstSteps_haveTheBitsOfVectorLoops() throws IOException, InterruptedException {
    Process process =
        ChildProcess.of(List.of("-D" + Readiness.PROPERTY + "=true"), ColdStart.class)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<String> lines;
    try (var output = process.inputReader(UTF_8)) {
      lines = output.readAllLines();
    }
    assertThat(process.waitFor()).isZero();
    assertThat(lines.getLast()).as("ready at first, at last").isEqualTo("false true");
    assertThat(ColdStart.isVectorReady()).as("here, from the start").isTrue();
    try (var run = new ColdStart()) {
      for (String line : lines.subList(0, lines.size() - 1)) {
        assertThat(Long.toString(run.step())).isEqualTo(line);
      }
    }
  }
}
