package io.spam4j.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.testing.OptimizerCase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A run that is stopped and resumed gives the same bits as one that is not: in weights, moments,
 * masks, scalars and counters, all of which are in the bytes of a checkpoint with weights.
 */
final class ResumeTest {
  /** In a warm-up, a grace window, before, at and after resets, in the second interval. */
  private static final List<Integer> STOPS = List.of(1, 6, 12, 49, 50, 51, 56, 64);

  private static final int MORE_STEPS = 1000;

  @TempDir private Path folder;

  static Stream<OptimizerCase> cases() {
    return ResumeRun.cases().stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void resume_inAnotherOptimizer_continuesAsIfNothingHadHappened(OptimizerCase one)
      throws IOException {
    Path whole = folder.resolve("whole");
    Path stopped = folder.resolve("stopped");
    Path resumed = folder.resolve("resumed");
    try (var run = ResumeRun.start(one, 1)) {
      for (int t = 0; t < 120; t += 7) {
        run.save(stopped);
        run.runTo(t + 7, t).save(whole);
        try (var other = ResumeRun.start(one, 2)) {
          other.runTo(3, 0); // what it has done before does not matter
          other.load(stopped).runTo(t + 7, t).save(resumed);
        }
        assertThat(Files.mismatch(whole, resumed)).as("from step %d", t).isEqualTo(-1);
      }
    }
  }

  @Test
  void resume_inAnotherProcess_givesTheSameBitsAThousandStepsOn()
      throws IOException, InterruptedException {
    List<Path> folders = List.of(folder.resolve("scalar"), folder.resolve("vectors"));
    Map<Path, byte[]> expected = new TreeMap<>();
    for (Path one : folders) {
      Files.createDirectory(one);
    }
    List<OptimizerCase> cases = ResumeRun.cases();
    for (int i = 0; i < cases.size(); i++) {
      OptimizerCase one = cases.get(i);
      int stop = STOPS.get(i % STOPS.size()); // so each has several optimizers
      try (var run = ResumeRun.start(one, 1)) {
        run.runTo(stop, 0).save(file(folders, one, stop, "from"));
        Path end = folder.resolve("end");
        run.runTo(stop + MORE_STEPS, stop).save(end);
        expected.put(file(folders, one, stop, "to"), Files.readAllBytes(end));
      }
    }
    resumeElsewhere(folders.get(0), 0, 2);
    resumeElsewhere(folders.get(1), 128, 3);
    assertThat(expected).hasSize(cases.size());
    List<Path> different = new ArrayList<>();
    for (var file : expected.entrySet()) {
      if (!Arrays.equals(Files.readAllBytes(file.getKey()), file.getValue())) {
        different.add(file.getKey());
      }
    }
    assertThat(different).isEmpty();
  }

  /** Every other stop is resumed by another process. */
  private static Path file(List<Path> folders, OptimizerCase one, int stop, String what) {
    int which = STOPS.indexOf(stop) % folders.size();
    return folders.get(which).resolve(one.name() + " " + stop + " " + what);
  }

  private static void resumeElsewhere(Path from, int bits, int threads)
      throws IOException, InterruptedException {
    Process process =
        ChildProcess.of(
                List.of("-Dspam4j.vector.bits=" + bits),
                ResumeProcess.class,
                from.toString(),
                Integer.toString(threads),
                Integer.toString(MORE_STEPS))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("vector bits " + bits);
  }
}
