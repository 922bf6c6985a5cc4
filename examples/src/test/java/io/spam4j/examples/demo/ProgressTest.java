package io.spam4j.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.shell.Screen;
import io.spam4j.examples.training.RunResult;
import io.spam4j.examples.training.StepSample;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final Screen screen = new Screen();
  private final AtomicLong nanos = new AtomicLong();

  @Test
  void plain_writesALineEveryTenth() {
    train(progress(false), 20, 500_000_000, 2.5);

    assertThat(screen.err().lines()).hasSize(10);
    assertThat(screen.err())
        .startsWith("[1/2] spam spiked 2/20, loss 2.500, 1.0k tokens/s, 19s left\n")
        .endsWith("[1/2] spam spiked 20/20, loss 2.500, 1.0k tokens/s, 10s left\n");
  }

  @Test
  void plain_ofAResumedRun_countsFromWhereItGoesOn() {
    Progress progress = progress(false);
    progress.runStarted("spam", true, 1, 1, 7, 10);
    nanos.addAndGet(1_000_000_000);
    progress.step(new StepSample(7, 2.5, 1, 0, false, false), 512);

    assertThat(screen.err())
        .isEqualTo("[1/1] spam spiked 8/10, loss 2.500, 512 tokens/s, 2s left\n");
  }

  @Test
  void plain_writesEachOfFewSteps() {
    train(progress(false), 3, 1_000_000, 1);

    assertThat(screen.err().lines()).hasSize(3);
  }

  @Test
  void plain_saysThatALossIsLost() {
    train(progress(false), 1, 1_000_000_000, Double.NaN);

    assertThat(screen.err()).isEqualTo("[1/2] spam spiked 1/1, loss lost, 512 tokens/s, 1s left\n");
  }

  @Test
  void interactive_redrawsOneLineAtMostTenTimesASecond() {
    train(progress(true), 40, 50_000_000, 2.5);

    // The first step, then every second one, and the last.
    assertThat(screen.err().split("\r\u001b\\[K", -1)).hasSize(1 + 21);
    assertThat(screen.err())
        .doesNotContain("\n")
        .endsWith("[1/2] spam spiked [##############] 40/40, loss 2.500, 10.2k tokens/s, 2s left");
  }

  @Test
  void message_clearsTheLineThatIsRedrawn() {
    progress(true).message("reading the data");

    assertThat(screen.err()).isEqualTo("\r\u001b[Kreading the data\n");
  }

  @Test
  void finished_tellsThePerplexity() {
    Progress progress = progress(false);
    progress.runStarted("spam", false, 2, 2, 0, 10);
    RunResult result = Samples.run("spam", false, 10, 4.25);
    progress.runFinished(result);

    assertThat(screen.err()).isEqualTo("[2/2] spam clean: validation perplexity 4.25 a byte\n");
  }

  private Progress progress(boolean interactive) {
    return new Progress(screen.terminal(interactive), nanos::get);
  }

  private void train(Progress progress, int steps, long nanosAStep, double loss) {
    progress.runStarted("spam", true, 1, 2, 0, steps);
    for (int step = 1; step <= steps; step++) {
      nanos.addAndGet(nanosAStep);
      progress.step(new StepSample(step, loss, 1, 0, false, false), 512);
    }
  }
}
