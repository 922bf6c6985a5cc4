package io.spam4j.examples.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.shell.Screen;
import io.spam4j.examples.shell.Version;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class DoctorCommandTest {
  @Test
  void doctor_tellsWhatItFound() {
    Screen screen = new Screen();

    var doctor = new CommandLine(new DoctorCommand(screen.terminal(false)));

    assertThat(doctor.execute("--weights", "100000")).isZero();

    assertThat(screen.out())
        .startsWith("spam4j " + Version.ofSpam4j() + "\n")
        .contains("  java home        " + System.getProperty("java.home") + "\n")
        .contains("  cores            " + Runtime.getRuntime().availableProcessors() + "\n")
        .contains("  vector module    present\n")
        .contains("\ncuda\n  devices ")
        .contains("  javacpp-pytorch  libtorch 2.10.0-1.5.13, ")
        .contains("\nmemory bandwidth, 100000 float32 weights, median of 15\n  limit  ")
        .containsPattern("  step / limit     [0-9]+\\.[0-9]{3}\n");
  }

  @Test
  void cudaVersion_isMajorAndMinor() {
    assertThat(DoctorCommand.cudaVersion(12040)).isEqualTo("12.4");
    assertThat(DoctorCommand.cudaVersion(13000)).isEqualTo("13.0");
  }
}
