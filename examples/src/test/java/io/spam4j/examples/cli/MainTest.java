package io.spam4j.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.shell.Screen;
import io.spam4j.examples.shell.Shell;
import io.spam4j.examples.shell.Terminal;
import io.spam4j.examples.shell.Version;
import io.spam4j.examples.training.TrainingOption;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MainTest {
  private final Screen screen = new Screen();

  @Test
  void main_withoutArgumentsPrintsHelp() {
    assertThat(run()).isZero();

    assertThat(screen.out())
        .startsWith("Usage: spam4j [-hV] COMMAND\n")
        .containsPattern("\n  demo +Train a byte-level language model ")
        .containsPattern("\n  inspect +Print what a checkpoint holds: ")
        .containsPattern("\n  doctor +Print what spam4j found on this machine")
        .containsPattern("\n  cuda-selftest +Compare what the GPU computes ")
        .containsPattern("\n  bench +Time optimizer steps in turn")
        .contains("\n  test  Run every module's tests");
    assertThat(screen.err()).isEmpty();
  }

  @Test
  void main_namesAnUnknownCommand() {
    assertThat(run("dmeo")).isEqualTo(2);

    assertThat(screen.err())
        .isEqualTo("spam4j: Unmatched argument at index 0: 'dmeo'\n  see: ./spam4j --help\n");
  }

  @Test
  void option_ofTheWrongTypeIsNamed() {
    assertThat(run("demo", "--steps", "many")).isEqualTo(2);

    assertThat(screen.err())
        .isEqualTo(
            """
            spam4j: Invalid value for option '--steps': 'many' is not an int
              see: ./spam4j demo --help
            """);
  }

  @Test
  void option_outOfItsRangeIsWrongUsage() {
    assertThat(run("demo", "--steps", "1")).isEqualTo(2);

    assertThat(screen.err())
        .isEqualTo(
            """
            spam4j: steps must be at least 2: steps=1
              see: ./spam4j demo --help
            """);
  }

  @Test
  void version_namesJava() {
    assertThat(run("--version")).isZero();

    assertThat(screen.out())
        .isEqualTo("spam4j %s\nJava %s\n".formatted(Version.ofSpam4j(), Runtime.version()));
  }

  @Test
  void help_showsTheDefaults() {
    assertThat(run("demo", "--help")).isZero();

    assertThat(screen.out().replaceAll("\\s+", " "))
        .contains(
            "--steps=N Steps of each run (default: %d).".formatted(TrainingOption.STEPS.standard()))
        .contains(
            "--seed=N Of the weights, batches and spikes (default: %d)."
                .formatted(TrainingOption.SEED.standard()))
        .contains("go (default: target/spam4j-demo).");
  }

  /** A full disk, or a pipe whose reader has gone. */
  @Test
  void output_thatCannotBeWritten_isAnError() {
    var full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    var out =
        new PrintWriter(
            new PrintStream(full, false, StandardCharsets.UTF_8), true, StandardCharsets.UTF_8);
    Terminal terminal = new Terminal(out, screen.terminal(false).err(), /* interactive= */ false);

    assertThat(Shell.run(Main.commandLine(terminal), terminal, "--version")).isEqualTo(1);

    assertThat(screen.err())
        .isEqualTo("spam4j: standard output cannot be written: is the disk full?\n");
  }

  @Test
  void error_doesNotSteerTheTerminal() {
    assertThat(run("inspect", "\u001b[2Jfile")).isEqualTo(1);

    assertThat(screen.err()).isEqualTo("spam4j: file must exist: file=?[2Jfile\n");
  }

  private int run(String... arguments) {
    return Main.commandLine(screen.terminal(false)).execute(arguments);
  }
}
