package io.spam4j.engine.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.ChildProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left of a checkpoint when the process that saves it dies. */
final class CheckpointKillTest {
  private static final int KILLS = 60;
  private static final int WARM_UP = 3;
  private static final int LONGEST_WAIT_MICROS = 50_000;

  /** A start that is as quick as can be; the process is killed soon. */
  private static final List<String> QUICK =
      List.of(
          "-XX:TieredStopAtLevel=1",
          "-XX:+UseSerialGC",
          "-Xshare:auto",
          "-Dspam4j.vector.bits=0"); // without its best compiler Java has no use for vectors

  @TempDir private Path folder;

  @Test
  void kill_atAnyMomentOfSaving_leavesTheOldOrTheNewState()
      throws IOException, InterruptedException {
    List<String> expected = SavingProcess.checksums();
    Path file = folder.resolve("checkpoint.safetensors");
    var random = new Random(42);
    int old = 0;
    int whileSaving = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Process process =
          ChildProcess.of(QUICK, SavingProcess.class, file.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      int acknowledged;
      try (var output =
          new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
        for (int step = 0; step < WARM_UP; step++) { // after the first steps they are quick
          assertThat(output.readLine()).isEqualTo(Integer.toString(step));
        }
        TimeUnit.MICROSECONDS.sleep(random.nextInt(LONGEST_WAIT_MICROS));
        process.toHandle().destroyForcibly(); // the process itself would close the stream
        process.waitFor();
        acknowledged = output.lines().mapToInt(Integer::parseInt).max().orElse(WARM_UP - 1);
      }
      try (Arena arena = Arena.ofConfined()) {
        Checkpoint saved = Checkpoint.open(file, arena);
        int step = (int) saved.steps();
        assertThat(step).isBetween(acknowledged, acknowledged + 1);
        assertThat(saved.damaged()).isEmpty();
        assertThat(saved.checksums().toString()).isEqualTo(expected.get(step));
        old += step == acknowledged ? 1 : 0;
      }
      whileSaving += files().size() > 1 ? 1 : 0;
    }
    assertThat(old).as("kills that left the old file").isPositive();
    assertThat(whileSaving).as("kills in the middle of writing").isGreaterThan(KILLS / 20);
    assertThat(files()).as("the file, and at most what the last kill left").hasSizeLessThan(3);
  }

  @Test
  void fullDisk_leavesTheOldState_andNoTemporaryFile() throws IOException, InterruptedException {
    Path file = folder.resolve("checkpoint.safetensors");
    SavingProcess.main(file.toString(), "1");
    byte[] before = Files.readAllBytes(file);
    // No file may have more than so many blocks of 1024 bytes: writing fails in the middle.
    List<String> command =
        new ArrayList<>(List.of("bash", "-c", "ulimit -f 400; exec \"$@\"", "-"));
    command.addAll(ChildProcess.of(QUICK, SavingProcess.class, file.toString()).command());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isNotZero();
    assertThat(output).contains("java.io.IOException: File too large");
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    assertThat(files()).containsExactly(file);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
