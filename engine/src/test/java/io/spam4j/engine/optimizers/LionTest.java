package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Runs;
import org.junit.jupiter.api.Test;

final class LionTest {
  @Test
  void firstTwoSteps_areTheHandWorkedOnes() {
    // lr 0.1, decay 0.5. g = 2: c = 0.1 * 2 > 0, w = 1 * 0.95 - 0.1 = 0.85, m = 0.01 * 2 = 0.02.
    // g = -0.1: c = 0.9 * 0.02 - 0.1 * 0.1 = 0.008 > 0, against the gradient; w = 0.85 * 0.95 -
    // 0.1 = 0.7075, m = 0.99 * 0.02 - 0.01 * 0.1 = 0.0188. Without a gradient c = 0: w decays only.
    try (var run = new Runs(Lion.builder().learningRate(0.1).weightDecay(0.5), 1, 1)) {
      run.step(2, 0);
      assertThat(run.weights).containsExactly(new float[] {0.85f, 0.95f}, within(1e-7f));
      assertThat(run.first()).containsExactly(new float[] {0.02f, 0}, within(1e-9f));
      run.step(-0.1f, 0);
      assertThat(run.weights).containsExactly(new float[] {0.7075f, 0.9025f}, within(1e-7f));
      assertThat(run.first()).containsExactly(new float[] {0.0188f, 0}, within(1e-9f));
    }
  }

  @Test
  void defaults_areTheAuthors() {
    // w = -lr; m = (1 - 0.99) * 1, then c = 0.9 * 0.01 - 0.1 * 0.08 = 0.001 > 0
    try (var run = new Runs(Lion.builder(), 0f)) {
      run.step(1);
      assertThat(run.weights[0]).isEqualTo(-1e-4f);
      assertThat(run.first()[0]).isEqualTo((float) (1 - 0.99));
      run.step(-0.08f);
      assertThat(run.weights[0]).isEqualTo(-2e-4f);
      run.step(-0.2f);
      assertThat(run.weights[0]).isEqualTo(-1e-4f, within(1e-11f));
    }
  }

  @Test
  void subnormalMomentum_becomesZero() {
    try (var run = new Runs(Lion.builder(), 0f)) {
      run.step(1e-37f); // m = 1e-39
      assertThat(run.first()[0]).isEqualTo(0);
    }
  }
}
