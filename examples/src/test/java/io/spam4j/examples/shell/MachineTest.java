package io.spam4j.examples.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MachineTest {
  @Test
  void processor_isTheFirstThatLinuxNames(@TempDir Path folder) throws IOException {
    Path info =
        Files.writeString(
            folder.resolve("cpuinfo"),
            "processor\t: 0\nmodel name\t: Some CPU: fast\nmodel name\t: Other\n");

    assertThat(Machine.processorName(info)).isEqualTo("Some CPU: fast");
  }

  @Test
  void processor_isTheArchitectureElsewhere(@TempDir Path folder) {
    assertThat(Machine.processorName(folder.resolve("absent")))
        .isEqualTo(System.getProperty("os.arch"));
  }
}
