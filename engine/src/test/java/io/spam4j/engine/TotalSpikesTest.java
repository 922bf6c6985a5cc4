package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.optimizers.Spam;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The spikes of a whole run, which its checkpoints carry on. */
final class TotalSpikesTest {
  @TempDir private Path folder;

  private static Runs run() {
    return new Runs(Spam.builder().betas(0.9, 0.5).spikeThreshold(50).spikeGraceSteps(2), 1, 1);
  }

  @Test
  void totalSpikes_addUp_alsoOverACheckpoint() throws IOException {
    Path file = folder.resolve("checkpoint");
    try (var run = run();
        var resumed = run()) {
      run.step(1, 1);
      run.step(1, 1);
      assertThat(run.step(100, 1).totalSpikes(0)).isEqualTo(1);
      assertThat(run.step(1, 1).totalSpikes(0)).isEqualTo(1);
      assertThat(run.step(100, -100).totalSpikes(0)).isEqualTo(3);
      run.optimizer.save(file);
      resumed.optimizer.load(file);
      assertThat(resumed.step(1, 1000).totalSpikes(0)).isEqualTo(4);
      resumed.optimizer.load(file);
      assertThat(resumed.step(1, 1).totalSpikes(0)).isEqualTo(3);
    }
  }
}
