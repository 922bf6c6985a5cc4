package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.tensors.mask.IndexMask;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sparse momentum by lines: what can be asked for. */
final class LinesTest {
  private static Spam.Builder spam(MaskSelection selection) {
    return Spam.builder().resetInterval(4).density(0.25).seed(3).maskSelection(selection);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 2, 4, 12, 8192, Integer.MIN_VALUE})
  void lengths_thatAreNone_areRefused(int length) {
    String message =
        "lines must be a power of two in [8, 4096], or 1 for single weights: lines=" + length;
    for (var selection :
        List.of(
            MaskSelection.random(),
            MaskSelection.largestWeights(),
            MaskSelection.largestGradients().lines(8))) {
      assertThatThrownBy(() -> selection.lines(length))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(message);
    }
  }

  @Test
  void givenSelections_haveNoLines() {
    assertThatThrownBy(() -> MaskSelection.given((_, _) -> new long[0]).lines(32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a given selection has no lines; give the positions of whole ones: lines=32");
  }

  @Test
  void selections_areEqualIfTheirLinesAre() {
    MaskSelection random = MaskSelection.random(MaskSampling.BERNOULLI);
    assertThat(random.lines(32)).isEqualTo(random.lines(32)).isNotEqualTo(random.lines(64));
    assertThat(random.lines(32).lines(1)).isEqualTo(random);
    assertThat(random.lineLength()).isEqualTo(1);
    assertThat(random.lines(4096))
        .hasToString("Random[sampling=BERNOULLI, lineLength=4096]")
        .extracting(MaskSelection::lineLength)
        .isEqualTo(4096);
    MaskSelection largest = MaskSelection.largestWeights();
    assertThat(largest.lines(8)).isEqualTo(largest.lines(8)).isNotEqualTo(largest);
    assertThat(largest.lines(8)).hasToString("LargestLines[of=WEIGHTS, lineLength=8]");
    assertThat(largest.lines(8).lines(1)).isEqualTo(largest);
    assertThat(largest.lines(8).lines(16).lineLength()).isEqualTo(16);
    assertThatThrownBy(() -> new MaskSelection.LargestLines(MaskSelection.Largest.GRADIENTS, 1))
        .hasMessage("lines of one weight are no lines: lines=1");
  }

  /** Floor of d times the lines, one at least; a tensor shorter than a line is one. */
  @ParameterizedTest
  @ValueSource(ints = {1, 31, 32, 33, 127, 1000})
  void share_isOfLines(int n) {
    try (var run = new Runs(spam(MaskSelection.random().lines(32)), new float[n])) {
      IndexMask mask = run.optimizer.mask("w").orElseThrow();
      int lines = (n + 31) / 32;
      assertThat(mask.lines().count()).isEqualTo(Math.max(1, lines / 4));
      assertThat(run.first()).hasSize((int) mask.count());
      if (n <= 32) {
        assertThat(mask.count()).isEqualTo(n);
      }
    }
  }

  /** Each reset draws anew; what stays selected keeps its moments where that is asked for. */
  @Test
  void resets_keepTheMomentsOfLinesThatStay() {
    var keep = spam(MaskSelection.random().lines(8)).density(0.5).overlap(MomentOverlap.KEEP);
    try (var run = new Runs(keep, new float[100])) { // the last line has four weights
      float[] ones = new float[100];
      Arrays.fill(ones, 1);
      boolean[] was = new boolean[100];
      int kept = 0;
      for (int t = 1; t <= 40; t++) {
        if (t % 4 == 0) {
          Arrays.fill(was, false);
          for (int position : run.selected()) {
            was[position] = true;
          }
          float old = run.first()[0];
          run.stepWithoutGradient();
          int[] now = run.selected();
          for (int p = 0; p < now.length; p++) {
            assertThat(run.first()[p] > 0).as("step %d, %d", t, now[p]).isEqualTo(was[now[p]]);
            kept += was[now[p]] ? 1 : 0;
          }
          assertThat(old).isPositive();
        }
        run.step(ones);
      }
      assertThat(kept).isPositive();
    }
  }

  @Test
  void plannedMemory_countsABitALineOrLess() {
    long n = 1 << 20;
    Map<String, long[]> shapes = Map.of("w", new long[] {n});
    long single = Spam.builder().density(0.25).plannedMemory(shapes).index();
    for (int line : new int[] {8, 32, 256, 4096}) {
      var builder = Spam.builder().density(0.25).maskSelection(MaskSelection.random().lines(line));
      long index = builder.plannedMemory(shapes).index();
      assertThat(index).isLessThanOrEqualTo(n / line / 8 + 16 * (n / line / 4 / 2048));
      assertThat(index).isLessThan(single / line + 16);
      assertThat(builder.plannedMemory(shapes).moments()).isEqualTo(2 * n);
    }
  }
}
