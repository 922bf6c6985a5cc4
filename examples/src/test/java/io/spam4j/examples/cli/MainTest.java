package io.spam4j.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.lab.LabOption;
import io.spam4j.examples.shell.Screen;
import io.spam4j.examples.shell.Version;
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
            "--steps=N Steps of each run (default: %d).".formatted(LabOption.STEPS.standard()))
        .contains(
            "--seed=N Of the weights, batches and spikes (default: %d)."
                .formatted(LabOption.SEED.standard()))
        .contains("go (default: target/spam4j-demo).");
  }

  private int run(String... arguments) {
    return Main.commandLine(screen.terminal(false)).execute(arguments);
  }
}
