package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.optimizers.MomentBuilder;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

/**
 * An optimizer whose update is Adam's, and which only decides otherwise, needs one file: here
 * RMSprop as torch.optim.RMSprop runs it, w = w - lr g / (sqrt(v) + eps), v not corrected.
 */
final class OwnOptimizerTest {
  private static final class RmsProp extends MomentBuilder<RmsProp> {
    private RmsProp(double alpha) {
      super("rmsprop");
      betas(0, alpha); // m = g
    }

    @Override
    protected Decision decision(int parameters) {
      return (c, step) -> {
        c.stepSize = (float) step.learningRate();
        c.epsilon = (float) step.epsilon();
      };
    }

    @Override
    protected RmsProp self() {
      return this;
    }
  }

  @Property(tries = 50, seed = "1")
  void rmsProp_followsItsFormula(
      @ForAll long seed, @ForAll @DoubleRange(min = 0.1, max = 0.99) double alpha) {
    var random = new Random(seed);
    int n = 37;
    var builder = new RmsProp(alpha).learningRate(0.01).epsilon(1e-3);
    try (var run = new Runs(builder, new float[n])) {
      double[] w = new double[n];
      double[] v = new double[n];
      for (int t = 0; t < 50; t++) {
        float[] gradient = Runs.draw(random, n, 10);
        run.step(gradient);
        for (int i = 0; i < n; i++) {
          double g = gradient[i];
          v[i] = alpha * v[i] + (1 - alpha) * g * g;
          w[i] -= 0.01 * g / (Math.sqrt(v[i]) + 1e-3);
          assertThat((double) run.weights[i]).isCloseTo(w[i], within(1e-6));
        }
      }
    }
  }

  @Test
  void rmsProp_hasAllThatTheOthersHave() {
    var builder =
        new RmsProp(0.9)
            .density(0.5)
            .transforms(GradientTransform.value(2))
            .group("w", group -> group.learningRate(1));
    try (var run = new Runs(builder, 0, 0, 0, 0)) {
      StepReport report = run.step(9, 9, 9, Float.NaN);
      assertThat(report.clampedCoordinates() + report.skippedCoordinates()).isEqualTo(2);
      assertThat(run.selected()).hasSize(2);
      assertThat(run.optimizer).hasToString("rmsprop[1 parameters, step 1]");
    }
  }
}
