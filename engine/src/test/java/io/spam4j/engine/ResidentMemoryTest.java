package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Optimizers that were closed leave nothing in the process. */
final class ResidentMemoryTest {
  private static final long MOST_BYTES_A_CYCLE = 1 << 17; // of 16 MiB that each cycle holds

  @Test
  void cyclesOfOpenStepClose_leaveTheProcessAsItWas() throws IOException, InterruptedException {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "there is no /proc/self/status here");
    assertThat(bytesACycle()).isLessThan(MOST_BYTES_A_CYCLE);
  }

  private static long bytesACycle() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms64m",
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:+AlwaysPreTouch",
                "--add-modules=jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                ResidentCycles.class.getName())
            .redirectErrorStream(true)
            .start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return Long.parseLong(output.lines().toList().getLast());
  }
}
