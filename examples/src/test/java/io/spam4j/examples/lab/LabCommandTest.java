package io.spam4j.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.shell.Shell;
import io.spam4j.examples.shell.Terminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands, on a made-up text. */
class LabCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    Terminal terminal = new Terminal(new PrintWriter(out), new PrintWriter(err), false);
    CommandLine line = Shell.configured(LabCommand.commandLine(terminal), terminal);
    return Shell.run(line, terminal, arguments);
  }

  private Path text() throws IOException {
    Path text = Files.createDirectories(folder.resolve("text"));
    for (int i = 0; i < 60; i++) {
      Files.writeString(
          text.resolve("file%02d.txt".formatted(i)), "one two three four ".repeat(30));
    }
    return text;
  }

  @Test
  void run_status_report() throws IOException {
    String results = folder.resolve("results").toString();
    String data = text().toString();
    assertThat(run("status", "--results", results)).isZero();
    assertThat(out.toString()).contains("nothing was asked for yet");
    assertThat(run("report", "--results", results)).isEqualTo(1);
    assertThat(err.toString()).contains("nothing to report");

    assertThat(run("run", "spikes-few", "--preset", "smoke", "--data", data, "--results", results))
        .isZero();
    assertThat(err.toString()).contains("24 runs left at most", "all runs are there");
    assertThat(run("report", "--results", results)).isZero();
    assertThat(folder.resolve("results").resolve("lab.md"))
        .content()
        .contains("One entry in a hundred spikes", "| `spam` |", "text `text`")
        .doesNotContain("not run");
    assertThat(run("status", "--results", results)).isZero();
    assertThat(out.toString()).contains("spikes-few, preset smoke, text text: complete");
  }

  @Test
  void list_showsExperimentsClaimsAndCosts() {
    assertThat(run("list")).isZero();
    assertThat(out.toString()).contains("pretrain: ", "spam-adam: ", "quick 216 runs");
  }

  @Test
  void wrongUsage_isTold() throws IOException {
    String results = folder.resolve("results").toString();
    String data = text().toString();
    assertThat(run("run", "x", "--data", data, "--results", results)).isEqualTo(2);
    assertThat(err.toString()).contains("experiment must be one of", "experiment=x");
    assertThat(run("run", "pretrain", "--jobs", "0", "--results", results)).isEqualTo(2);
    assertThat(err.toString()).contains("jobs=0");
    assertThat(run("run", "pretrain", "--data", "nowhere", "--results", results)).isEqualTo(1);
    assertThat(err.toString()).contains("--data", "nowhere");
  }
}
