package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.ResumeRun;
import io.spam4j.engine.Snapshot;
import io.spam4j.tensors.safetensors.SafetensorsFormatException;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged checkpoint is never accepted, and changes nothing. */
final class CheckpointDamageTest {
  private static final int FLIPS = 1000;

  @TempDir private Path folder;

  @Test
  void bitFlip_anywhere_isRefused() throws IOException {
    var random = new Random(42);
    for (String name : new String[] {"sparse", "stable-spam", "transforms", "adafactor"}) {
      byte[] bytes = saved(name);
      try (var run = ResumeRun.start(OptimizerCases.named(name), 1)) {
        run.runTo(3, 0);
        Snapshot before = Snapshot.of(run.optimizer);
        for (int flip = 0; flip < FLIPS; flip++) {
          byte[] damaged = bytes.clone();
          // Half of them in the header, which is the smaller part of the file.
          int header = 8 + (bytes[0] & 0xff) + 256 * (bytes[1] & 0xff);
          int at = random.nextInt(flip % 2 == 0 ? header : bytes.length);
          damaged[at] ^= (byte) (1 << random.nextInt(8));
          assertRefused(run, damaged, "bit of byte " + at);
        }
        Snapshot.of(run.optimizer).assertSame(before);
      }
    }
  }

  @Test
  void truncation_anywhere_isRefused() throws IOException {
    byte[] bytes = saved("sparse");
    try (var run = ResumeRun.start(OptimizerCases.named("sparse"), 1)) {
      Snapshot before = Snapshot.of(run.optimizer);
      for (int length = 0; length < bytes.length; length += length < 100 ? 1 : 37) {
        assertRefused(run, Arrays.copyOf(bytes, length), "length " + length);
      }
      assertRefused(run, Arrays.copyOf(bytes, bytes.length + 1), "one byte more");
      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  private byte[] saved(String name) throws IOException {
    Path file = folder.resolve("whole");
    try (var run = ResumeRun.start(OptimizerCases.named(name), 1)) {
      run.runTo(60, 0).save(file);
    }
    return Files.readAllBytes(file);
  }

  private void assertRefused(ResumeRun run, byte[] bytes, String what) throws IOException {
    Path file = folder.resolve("damaged");
    Files.write(file, bytes);
    boolean refused;
    try {
      run.load(file);
      refused = false;
    } catch (CheckpointFormatException | SafetensorsFormatException e) {
      refused = true;
    }
    assertThat(refused).as("refused: %s", what).isTrue();
  }
}
