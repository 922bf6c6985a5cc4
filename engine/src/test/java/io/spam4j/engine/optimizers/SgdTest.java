package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Runs;
import org.junit.jupiter.api.Test;

final class SgdTest {
  private static Sgd.Builder sgd() {
    return Sgd.builder().learningRate(0.1).momentum(0.5);
  }

  private static float buffer(Runs run) {
    return run.state("momentum_buffer").getFloat(0);
  }

  @Test
  void firstTwoSteps_areTheHandWorkedOnes() {
    // decay 0.1. g = 2 + 0.1 * 1 = 2.1 = b, w = 1 - 0.21 = 0.79.
    // g = 1 + 0.079 = 1.079, b = 0.5 * 2.1 + 1.079 = 2.129, w = 0.79 - 0.2129 = 0.5771.
    try (var run = new Runs(sgd().weightDecay(0.1), 1f)) {
      run.step(2);
      assertThat(run.weights[0]).isCloseTo(0.79f, within(1e-7f));
      assertThat(buffer(run)).isCloseTo(2.1f, within(1e-6f));
      run.step(1);
      assertThat(run.weights[0]).isCloseTo(0.5771f, within(1e-7f));
      assertThat(buffer(run)).isCloseTo(2.129f, within(1e-6f));
    }
  }

  @Test
  void dampening_sparesTheFirstGradient() {
    // b = 2, then 0.5 * 2 + 0.75 * 4 = 4; w = -0.2, then -0.6
    try (var run = new Runs(sgd().dampening(0.25), 0f)) {
      run.step(2);
      assertThat(buffer(run)).isEqualTo(2);
      assertThat(run.weights[0]).isEqualTo(-0.2f);
      run.step(4);
      assertThat(buffer(run)).isEqualTo(4);
      assertThat(run.weights[0]).isCloseTo(-0.6f, within(1e-7f));
    }
  }

  @Test
  void nesterov_looksAhead() {
    // b = 2, step 2 + 0.5 * 2 = 3; b = 0.5 * 2 + 4 = 5, step 4 + 0.5 * 5 = 6.5
    try (var run = new Runs(sgd().nesterov(true), 0f)) {
      run.step(2);
      assertThat(run.weights[0]).isCloseTo(-0.3f, within(1e-7f));
      run.step(4);
      assertThat(run.weights[0]).isCloseTo(-0.95f, within(1e-7f));
    }
  }

  @Test
  void withoutMomentum_thereIsNoState() {
    try (var run = new Runs(sgd().momentum(0), 1f)) {
      run.step(2);
      run.step(1);
      assertThat(run.weights[0]).isCloseTo(0.7f, within(1e-7f));
      assertThat(run.optimizer.state("w")).isEmpty();
    }
  }

  @Test
  void defaults_areTorchsButForTheMomentum() {
    // b = 1, then 0.9 + 1 = 1.9
    try (var run = new Runs(Sgd.builder(), 0f)) {
      run.step(1);
      assertThat(run.weights[0]).isEqualTo(-1e-3f);
      run.step(1);
      assertThat(buffer(run)).isCloseTo(1.9f, within(1e-6f));
      assertThat(run.weights[0]).isCloseTo(-2.9e-3f, within(1e-9f));
    }
  }

  @Test
  void firstGradientThatIsNotFinite_leavesTheBufferEmpty() {
    // b = 0.5 * 0 + 0.75 * 4
    try (var run = new Runs(sgd().dampening(0.25), 0f)) {
      run.step(Float.NaN);
      assertThat(buffer(run)).isEqualTo(0);
      run.step(4);
      assertThat(buffer(run)).isEqualTo(3);
    }
  }
}
