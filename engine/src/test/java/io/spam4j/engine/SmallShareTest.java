package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A share of a tensor so small that it is less than one weight. */
final class SmallShareTest {
  private static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("matrix", new long[] {10, 100});
    SHAPES.put("bias", new long[] {10});
    SHAPES.put("scalar", new long[] {});
  }

  @TempDir private Path folder;

  private static Spam.Builder spam() {
    return Spam.builder().density(0.05).resetInterval(2).rewarmSteps(0);
  }

  @Test
  void share_ofASmallTensor_isOneWeight_andMoves() {
    try (var run = new TensorRuns(spam(), 1, SHAPES)) {
      float scalar = run.weights("scalar").getFloat(0);
      float[] bias = run.weights("bias").toFloats();
      for (int t = 0; t < 100; t++) {
        run.draw();
        StepReport report = run.step();
        assertThat(run.optimizer.mask("matrix").orElseThrow().count()).isEqualTo(50);
        assertThat(run.optimizer.mask("bias").orElseThrow().count()).isEqualTo(1);
        assertThat(run.optimizer.mask("scalar").orElseThrow().count()).isEqualTo(1);
        for (int i = 0; i < report.tensors(); i++) {
          assertThat(report.isUnselected(i)).isFalse();
        }
      }
      assertThat(run.weights("scalar").getFloat(0)).isNotEqualTo(scalar);
      float[] moved = run.weights("bias").toFloats();
      for (int i = 0; i < bias.length; i++) {
        assertThat(moved[i]).as("bias %d", i).isNotEqualTo(bias[i]);
      }
    }
  }

  @Test
  void plannedMemory_countsTheSame() {
    try (var run = new TensorRuns(spam(), 1, SHAPES)) {
      assertThat(spam().plannedMemory(SHAPES).moments())
          .isEqualTo(run.optimizer.memory().moments())
          .isEqualTo(8 * (50 + 1 + 1));
    }
  }

  @Test
  void largestWeight_ofASmallTensor_isTheOne() {
    var largest = spam().maskSelection(MaskSelection.largestWeights());
    try (var run = new Runs(largest, 1, -5, 2)) {
      run.step(1, 1, 1);
      assertThat(run.selected()).containsExactly(1);
    }
  }

  @Test
  void emptySelection_isTold() {
    var none = spam().maskSelection(MaskSelection.given((_, interval) -> some(interval)));
    try (var run = new Runs(none, 1, 2, 3)) {
      assertThat(run.step(1, 1, 1).isUnselected(0)).isTrue();
      assertThat(run.weights).containsExactly(1, 2, 3);
      assertThat(run.step(1, 1, 1).isUnselected(0)).isFalse();
      assertThat(run.step(1, 1, 1).isUnselected(0)).isFalse();
      assertThat(run.step(1, 1, 1).isUnselected(0)).isTrue();
    }
    var coins = spam().maskSelection(MaskSelection.random(MaskSampling.BERNOULLI));
    try (var run = new Runs(coins.seed(1), 1)) {
      for (int t = 0; t < 40; t++) {
        assertThat(run.step(1).isUnselected(0)).isEqualTo(run.selected().length == 0);
      }
    }
  }

  private static long[] some(long interval) {
    return interval % 2 == 0 ? new long[0] : new long[] {1};
  }

  @Test
  void file_ofASelectionOfNothing_isLoaded_andTold() throws IOException {
    Path file = folder.resolve("empty");
    var none = spam().maskSelection(MaskSelection.given((_, _) -> new long[0]));
    try (var run = new Runs(none, 1, 2, 3)) {
      run.step(1, 1, 1);
      run.optimizer.save(file);
    }
    try (var run = new Runs(spam().resetInterval(4), 1, 2, 3)) {
      run.optimizer.load(file, LoadOptions.strict().allowOtherHyperparameters());
      assertThat(run.step(1, 1, 1).isUnselected(0)).isTrue();
      run.step(1, 1, 1);
      assertThat(run.step(1, 1, 1).isUnselected(0)).isFalse(); // from the reset on
    }
  }
}
