package io.spam4j.examples.lab.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "its programs are the shell's")
class CommandLineClientTest {
  private final CommandLineClient client = new CommandLineClient(Duration.ofMinutes(1));
  @TempDir private Path folder;

  private void assertFails(String script, String message) {
    assertThatThrownBy(() -> client.download(List.of("sh", "-c", script), folder))
        .isInstanceOf(IOException.class)
        .hasMessage(message);
  }

  @Test
  void download_runsInTheFolder() throws IOException {
    client.download(List.of("sh", "-c", "echo text > file"), folder);

    assertThat(folder.resolve("file")).hasContent("text");
  }

  @Test
  void failure_tellsTheStatusAndTheError() {
    assertFails("exit 3", "exit status 3, no message");
    assertFails("echo first; echo last >&2; exit 1", "exit status 1, last");
    assertFails(
        "echo 'E: Version 9 was not found'; echo 'N: see the manual'; exit 100",
        "exit status 100, E: Version 9 was not found");
    assertFails(
        "echo 'npm error code E404'; echo 'npm error A complete log of this run'; exit 1",
        "exit status 1, npm error code E404");
  }

  @Test
  void failure_ofAProgramThatIsNotThere_namesIt() {
    assertThatThrownBy(() -> client.download(List.of("no-such-program-of-spam4j"), folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no-such-program-of-spam4j");
  }

  @Test
  void download_thatDoesNotEnd_isEnded() {
    var hasty = new CommandLineClient(Duration.ofMillis(100));

    assertThatThrownBy(() -> hasty.download(List.of("sleep", "60"), folder))
        .isInstanceOf(IOException.class)
        .hasMessage("not done after 0 s");
  }
}
