package io.spam4j.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.examples.output.Browser;
import io.spam4j.examples.shell.Screen;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo as a user runs it, at a tiny size: text in, four optimizers, table and report out. */
final class DemoEndToEndTest {
  @TempDir private Path folder;

  private final Screen screen = new Screen();

  private int demo() throws Exception {
    Path texts = Files.createDirectories(folder.resolve("texts"));
    for (int i = 0; i < 12; i++) {
      Files.writeString(
          texts.resolve(i + ".txt"), ("the " + i + "th cat sat on a mat. ").repeat(40));
    }
    return Main.commandLine(screen.terminal(false))
        .execute(
            "demo",
            "--data=" + texts,
            "--steps=12",
            "--batch=2",
            "--length=32",
            "--spike-rate=0.25",
            "--output=" + folder.resolve("out"));
  }

  @Test
  void demo_trainsWithEveryOptimizer_andWritesItsReport() throws Exception {
    assertThat(demo()).as(screen.err()).isZero();
    assertThat(screen.err())
        .contains("model: tiny: 381,600 weights")
        .contains("spam: betas 0.9 0.999, decay 0, theta 5000, reset every 40 steps");
    assertThat(screen.out())
        .containsPattern("\nadamw +[0-9]")
        .containsPattern("\nadamw-clip +[0-9]")
        .containsPattern("\nspam +[0-9]")
        .containsPattern("\nspam-noreset +[0-9]")
        .containsPattern("\nspam-d25 +[0-9]")
        .containsPattern("\nstable-spam +[0-9]")
        .contains("report: " + folder.resolve("out").resolve("report.html"));
    String page = Files.readString(folder.resolve("out").resolve("report.html"));
    assertThat(page).doesNotContain("src=\"http", "href=\"http", "@import");
    assertThat(folder.resolve("out").resolve("results.json")).isNotEmptyFile();
  }

  @Test
  void report_opensInABrowser() throws Exception {
    Optional<Browser> browser = Browser.find();
    assumeTrue(browser.isPresent(), "no chromium, chromium-browser or google-chrome on the PATH");
    assertThat(demo()).as(screen.err()).isZero();
    String dom = browser.orElseThrow().dom(folder.resolve("out").resolve("report.html"), folder);
    // two charts of losses, one of spikes for each optimizer, one of clipped coordinates
    assertThat(dom).contains("data-charts=\"9\"").doesNotContain("data-error");
  }
}
