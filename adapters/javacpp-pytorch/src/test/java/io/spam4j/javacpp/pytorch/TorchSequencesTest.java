package io.spam4j.javacpp.pytorch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random calls on a model while it is trained: right weights, or an exception that names the
 * parameter. {@code -Dspam4j.test.sequences=10000} for more of them.
 */
class TorchSequencesTest {
  private static final int SEQUENCES = Integer.getInteger("spam4j.test.sequences", 1000);
  private static final int CALLS = 40;

  @TempDir Path folder;

  @Test
  void sequences_ofRandomCalls_giveRightWeightsOrNameAParameter() throws IOException {
    long steps = 0;
    long refusals = 0;
    for (int seed = 0; seed < SEQUENCES; seed++) {
      try (var sequence = new TorchSequence(seed, folder)) {
        sequence.run(CALLS);
        steps += sequence.steps;
        refusals += sequence.refusals;
      } catch (AssertionError e) {
        throw new AssertionError("seed=" + seed, e);
      }
    }
    assertThat(steps).as("steps that were done").isGreaterThan(3L * SEQUENCES);
    assertThat(refusals).as("calls that were refused").isGreaterThan(SEQUENCES);
  }
}
