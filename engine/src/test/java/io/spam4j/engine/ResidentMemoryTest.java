package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Optimizers that were closed leave nothing in the process. */
final class ResidentMemoryTest {
  /**
   * Of 16 MiB that each cycle holds; the compiler's own memory comes and goes by some megabytes.
   */
  private static final long MOST_BYTES_A_CYCLE = 1 << 19;

  @Test
  void cyclesOfOpenStepClose_leaveTheProcessAsItWas() throws IOException, InterruptedException {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "there is no /proc/self/status here");
    assertThat(bytesACycle()).isLessThan(MOST_BYTES_A_CYCLE);
  }

  private static long bytesACycle() throws IOException, InterruptedException {
    Process process =
        ChildProcess.of(
                List.of("-Xms64m", "-Xmx64m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch"),
                ResidentCycles.class)
            .redirectErrorStream(true)
            .start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return Long.parseLong(output.lines().toList().getLast());
  }
}
