package io.spam4j.engine.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.spam4j.engine.Runs;
import io.spam4j.engine.StepListenerException;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.TensorRuns;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.step.StepFigures;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SpikeJournalTest {
  @TempDir private Path folder = Path.of("");
  private Path file = folder;

  @BeforeEach
  void setUp() {
    file = folder.resolve("spikes.jsonl");
  }

  private static Spam.Builder builder(SpikeJournal journal) {
    return Spam.builder().spikeGraceSteps(2).spikeThreshold(2000).listener(journal);
  }

  @Test
  void spikes_areALineForEachTensorThatHasSome() throws IOException {
    var shapes = TensorRuns.shapes(new long[] {2, 2}, new long[] {1}, new long[] {3});
    try (var journal = SpikeJournal.open(file);
        var run = new TensorRuns(builder(journal), 1, shapes)) {
      run.gradients.put("p0", Tensor.of(new float[] {1, 1, 1, 1}, 2, 2));
      run.gradients.put("p1", Tensor.of(new float[] {1}, 1));
      run.gradients.put("p2", Tensor.of(new float[] {1, 1, 1}, 3));
      run.step();
      assertThat(file).isEmptyFile();
      run.gradients.put("p0", Tensor.of(new float[] {1, 40, 1, 50}, 2, 2));
      run.gradients.put("p2", Tensor.of(new float[] {1, 64, 1}, 3));
      StepReport report = run.step();
      // Before the journal is closed: what was written survives a crash.
      assertThat(Files.readAllLines(file))
          .containsExactly(
              "{\"step\":2,\"tensor\":\"p0\",\"spikes\":2,\"largest_ratio\":%s,\"index\":3}"
                  .formatted(report.largestRatio(0)),
              "{\"step\":2,\"tensor\":\"p2\",\"spikes\":1,\"largest_ratio\":%s,\"index\":1}"
                  .formatted(report.largestRatio(2)));
      assertThat(report.largestRatio(0)).isBetween(2.49e6f, 2.51e6f);
    }
  }

  @Test
  void open_appends() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int round = 0; round < 2; round++) {
      try (var journal = SpikeJournal.open(file);
          var run = new Runs(builder(journal), 0f)) {
        run.step(1);
        run.step(50);
      }
      lines.add(Files.readAllLines(file).getFirst());
    }
    assertThat(Files.readAllLines(file)).isEqualTo(lines).hasSize(2);
  }

  @Test
  void names_areEscaped_andAnInfiniteRatioIsNull() throws IOException {
    String name = "q\"\\\n\u0001\u00e9\ud83d\ude00\ud800";
    try (var journal = SpikeJournal.open(file)) {
      var report = new StepFigures(List.of(name), new StepState(1));
      report.begin(7, false, false, 1, 1);
      report.tensorSpikes[0] = 1;
      report.tensorLargestRatio[0] = Float.POSITIVE_INFINITY;
      report.tensorLargestAt[0] = 5_000_000_000L;
      journal.stepped(report);
    }
    assertThat(file)
        .hasContent(
            "{\"step\":7,\"tensor\":\"q\\\"\\\\\\u000a\\u0001\u00e9\ud83d\ude00\\ud800\","
                + "\"spikes\":1,\"largest_ratio\":null,\"index\":5000000000}\n");
  }

  @Test
  void closedJournal_refusesSpikes_andClosingAgainIsHarmless() throws IOException {
    var journal = SpikeJournal.open(file);
    journal.close();
    journal.close();
    var report = new StepFigures(List.of("w"), new StepState(1));
    journal.stepped(report); // no spikes: nothing to write
    report.tensorSpikes[0] = 1;
    assertThatThrownBy(() -> journal.stepped(report))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the journal must be open: file=" + file);
  }

  @Test
  void fileThatCannotBeWritten_isHeardByTheCallerOfTheStep() throws IOException {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();
    try (var run = new Runs(builder(SpikeJournal.open(full)), 0f)) {
      run.step(1);
      for (long step = 2; step <= 3; step++) {
        assertThatThrownBy(() -> run.step(50))
            .isInstanceOf(StepListenerException.class)
            .cause()
            .isInstanceOf(UncheckedIOException.class)
            .hasMessage("journal cannot be written: file=/dev/full");
        assertThat(run.optimizer.stepCount()).isEqualTo(step);
      }
    }
  }

  @Test
  void open_inAFolderThatIsNotThere_isRefused() {
    Path lost = folder.resolve("none").resolve("spikes.jsonl");
    assertThatThrownBy(() -> SpikeJournal.open(lost)).isInstanceOf(NoSuchFileException.class);
  }
}
