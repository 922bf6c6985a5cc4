package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.engine.Runs;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Selections by lines in checkpoints. */
final class LineCheckpointTest {
  private static final int N = 1000;

  @TempDir private Path folder;

  private static Runs run(MaskSelection selection) {
    var builder = Spam.builder().resetInterval(4).density(0.25).seed(3).maskSelection(selection);
    return new Runs(builder, Runs.draw(new Random(1), N, 10));
  }

  private static void steps(Runs run, int from, int to) {
    for (int t = from; t < to; t++) {
      run.step(Runs.draw(new Random(t), N, 50));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 32, 512})
  void aSavedRun_goesOnWithItsLines(int line) throws IOException {
    Path file = folder.resolve("lines");
    MaskSelection selection = MaskSelection.random().lines(line);
    try (var first = run(selection);
        var second = run(selection)) {
      steps(first, 0, 6);
      first.optimizer.save(file);
      SavedMask saved = maskOf(file);
      IndexMask mask = first.optimizer.mask("w").orElseThrow();
      assertThat(saved.lineLength()).isEqualTo(line);
      assertThat(saved.count()).isEqualTo(mask.count());
      assertThat(saved.data().bytes()).isEqualTo(mask.data().byteSize());
      System.arraycopy(first.weights, 0, second.weights, 0, N);

      second.optimizer.load(file);

      assertThat(second.optimizer.mask("w").orElseThrow().lineLength()).isEqualTo(line);
      steps(first, 6, 11);
      steps(second, 6, 11);
      Snapshot.of(second.optimizer).assertSame(Snapshot.of(first.optimizer));
    }
  }

  private static SavedMask maskOf(Path file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      var parameters = Checkpoint.open(file, arena).state().parameters();
      return Objects.requireNonNull(parameters.get("w")).mask().orElseThrow();
    }
  }

  /** The last line is shorter: 1000 weights are 31 lines of 32 and 8 weights. */
  @Test
  void theTool_readsLines() throws IOException, InterruptedException {
    assumeTrue(Python.hasTorch(), "/usr/bin/python3 cannot import torch: install python3-torch");
    Path file = folder.resolve("lines");
    try (var run = run(MaskSelection.largestWeights().lines(32))) {
      run.optimizer.save(file);
      Python.Result shown = Python.tool("show", file.toString());
      assertThat(shown.code()).as(shown.output()).isZero();
      assertThat(shown.output()).contains("mask: %d of %d".formatted(run.selected().length, N));
    }
  }

  /** As any other selection: refused, or gone on with until the next reset if that is allowed. */
  @Test
  void aFile_ofOtherLines_isRefusedUnlessThatIsAllowed() throws IOException {
    List<MaskSelection> selections =
        List.of(
            MaskSelection.random(),
            MaskSelection.random().lines(8),
            MaskSelection.random().lines(64),
            MaskSelection.largestWeights().lines(64));
    for (MaskSelection from : selections) {
      Path file = folder.resolve("lines");
      try (var saving = run(from)) {
        steps(saving, 0, 2);
        saving.optimizer.save(file);
        for (MaskSelection to : selections) {
          try (var run = run(to)) {
            if (!from.equals(to)) {
              assertThatThrownBy(() -> run.optimizer.load(file))
                  .isInstanceOf(CheckpointMismatchException.class)
                  .hasMessageContaining("setting maskSelection: file=");
            }
            run.optimizer.load(file, LoadOptions.strict().allowOtherHyperparameters());
            assertThat(run.selected()).isEqualTo(saving.selected());
            assertThat(run.first()).isEqualTo(saving.first());
            assertThat(run.optimizer.mask("w").orElseThrow().lineLength())
                .isEqualTo(from.lineLength());
            steps(run, 2, 5); // over a reset
            assertThat(run.optimizer.mask("w").orElseThrow().lineLength())
                .isEqualTo(to.lineLength());
          }
        }
      }
    }
  }

  @Test
  void linesThatDoNotFitTheirCount_areRefused() {
    try (Arena arena = Arena.ofConfined()) {
      IndexMask lines = IndexMask.of(arena, 4, new long[] {1, 3});
      SavedMask mask = SavedMask.of(IndexMask.ofLines(lines, 8, 28));
      assertThat(mask.count()).isEqualTo(12);
      var other = new SavedMask(28, 13, 8, mask.width(), mask.data());
      assertThatThrownBy(() -> other.restore(arena))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "count must be that of the weights of its lines: count=13, weights=12, lineLength=8");
      var odd = new SavedMask(28, 12, 7, mask.width(), mask.data());
      assertThatThrownBy(() -> odd.restore(arena))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("lineLength must be a power of two in [8, 4096]: lineLength=7");
    }
  }

  @Test
  void aFile_ofLinesThatAreNone_isRefused() throws IOException {
    Path file = folder.resolve("lines");
    try (var run = run(MaskSelection.random().lines(8))) {
      run.optimizer.save(file);
      for (String lines : List.of("0", "8192", "9", "16")) {
        Path changed = folder.resolve("changed");
        RewrittenCheckpoint.write(
            file,
            changed,
            (_, metadata) -> RewrittenCheckpoint.setField(metadata, "w", "maskLines", lines));
        assertThatThrownBy(() -> run.optimizer.load(changed))
            .isInstanceOf(CheckpointFormatException.class);
      }
    }
  }
}
