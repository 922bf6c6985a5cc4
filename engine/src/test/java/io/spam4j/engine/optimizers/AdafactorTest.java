package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Runs;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.adafactor.RelativeStep;
import io.spam4j.tensors.Tensor;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AdafactorTest {
  /** What a step made of a tensor. */
  private static final class Run implements AutoCloseable {
    final Tensor w;
    final Optimizer optimizer;

    Run(OptimizerBuilder<?> builder, float[] weights, long... shape) {
      w = Tensor.of(weights, shape);
      optimizer = builder.build(List.of(new Parameter("w", w)));
    }

    void step(float... gradient) {
      Tensor g = Tensor.of(gradient, w.shape());
      optimizer.step(_ -> g);
    }

    float[] state(String name) {
      return optimizer.state("w").entrySet().stream()
          .filter(entry -> entry.getKey().equals(name))
          .findFirst()
          .orElseThrow()
          .getValue()
          .toFloats();
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }

  private static Adafactor.Builder fixed(double learningRate) {
    return Adafactor.builder().learningRate(learningRate).scaleParameter(false);
  }

  private static Offset<Float> near() {
    return within(2e-7f);
  }

  /**
   * g = (3, 0; 0, 4): r = c = (4.5, 8), mean(r) = 6.25. u = 3 / sqrt(4.5 * 4.5 / 6.25) = 3 / 1.8 =
   * 5 / 3 and 4 / sqrt(8 * 8 / 6.25) = 4 / 3.2 = 5 / 4. rms(u) = sqrt((25 / 9 + 25 / 16) / 4) = 25
   * / 24, so u = 1.6 and 1.2 after clipping. With d = 2 nothing is clipped.
   */
  @ParameterizedTest
  @CsvSource({"1, 0.16, 0.12", "2, 0.16666667, 0.125"})
  void firstStepOfAMatrix_isTheHandWorkedOne(double d, float first, float second) {
    try (var run = new Run(fixed(0.1).clipThreshold(d), new float[4], 2, 2)) {
      run.step(3, 0, 0, 4);
      assertThat(run.w.toFloats()).containsExactly(new float[] {-first, 0, 0, -second}, near());
      assertThat(run.state("exp_avg_sq_row")).containsExactly(4.5f, 8);
      assertThat(run.state("exp_avg_sq_col")).containsExactly(4.5f, 8);
    }
  }

  /** Step 2: beta2 = 1 - 2^-0.8 = 0.4257, r = beta2 (4.5, 8) + (1 - beta2) (2, 18), c likewise. */
  @Test
  void secondStepOfAMatrix_weighsTheFirst() {
    try (var run = new Run(fixed(0.1), new float[4], 2, 2)) {
      run.step(3, 0, 0, 4);
      float before = run.w.getFloat(0);
      run.step(2, 0, 0, 6);
      double beta2 = 1 - Math.pow(2, -0.8);
      double r0 = beta2 * 4.5 + (1 - beta2) * 2;
      double r1 = beta2 * 8 + (1 - beta2) * 18;
      assertThat(run.state("exp_avg_sq_row"))
          .containsExactly(new float[] {(float) r0, (float) r1}, within(1e-6f));
      double mean = (r0 + r1) / 2;
      double u0 = 2 / Math.sqrt(r0 / mean * r0);
      double u1 = 6 / Math.sqrt(r1 / mean * r1);
      double rms = Math.sqrt((u0 * u0 + u1 * u1) / 4);
      assertThat(rms).isGreaterThan(1);
      assertThat(run.w.getFloat(0)).isCloseTo((float) (before - 0.1 * u0 / rms), near());
    }
  }

  /**
   * g = (3, 4): v = g^2, u = (1, 1). The weights' rms is sqrt(0.5), the relative step 0.01, so
   * alpha = 0.00707107; decay 0.5: w = w (1 - alpha / 2) - alpha.
   */
  @Test
  void defaults_stepRelativeToTheWeights() {
    var builder = Adafactor.builder().weightDecay(0.5);
    try (var run = new Run(builder, new float[] {0.6f, -0.8f}, 2)) {
      run.step(3, 4);
      double alpha = 0.01 * Math.sqrt(0.5);
      assertThat(run.w.toFloats())
          .containsExactly(
              new float[] {
                (float) (0.6 * (1 - alpha / 2) - alpha), (float) (-0.8 * (1 - alpha / 2) - alpha)
              },
              near());
      assertThat(run.state("exp_avg_sq")).containsExactly(9, 16);
    }
  }

  /** Weights of 0 count as eps2; warm-up: 1e-6 at the first update, 2e-6 at the second. */
  @Test
  void warmupInit_startsSmall_andCountsUpdates() {
    Tensor w = Tensor.of(new float[] {0}, 1);
    Tensor other = Tensor.of(new float[] {1}, 1);
    Tensor g = Tensor.of(new float[] {5}, 1);
    var parameters = List.of(new Parameter("w", w), new Parameter("other", other));
    var builder = Adafactor.builder().warmupInit(true);
    try (var optimizer = builder.build(parameters)) {
      optimizer.step(name -> name.equals("w") ? null : g);
      StepReport report = optimizer.step(_ -> g);
      assertThat(report.learningRate()).isEqualTo(2e-6); // that of a tensor updated at each step
      assertThat(w.getFloat(0)).isCloseTo(-1e-9f, within(1e-15f));
      optimizer.step(_ -> g);
      assertThat(w.getFloat(0)).isCloseTo(-3e-9f, within(1e-15f));
    }
  }

  @Test
  void relativeStep_fallsWithTheRootOfTheUpdates() {
    assertThat(new RelativeStep(false).at(0)).isEqualTo(1e-2);
    assertThat(new RelativeStep(false).at(40_000 - 1)).isEqualTo(1.0 / 200);
    assertThat(new RelativeStep(true).at(10 - 1)).isCloseTo(1e-5, within(1e-20));
    assertThat(new RelativeStep(true).at(40_000 - 1)).isEqualTo(1.0 / 200);
  }

  @Test
  void groupsLearningRate_isNotRelative() {
    var builder = Adafactor.builder().group("w", g -> g.learningRate(0.5)).scaleParameter(false);
    try (var run = new Run(builder, new float[] {0}, 1)) {
      run.step(3);
      assertThat(run.w.getFloat(0)).isEqualTo(-0.5f);
    }
  }

  /** u = 1: m = 0.1 * 0.1 * 1, then 0.9 * 0.01 + 0.01 = 0.019. */
  @Test
  void beta1_averagesTheSteps() {
    try (var run = new Run(fixed(0.1).beta1(0.9), new float[1], 1)) {
      run.step(3);
      assertThat(run.w.getFloat(0)).isCloseTo(-0.01f, within(1e-8f));
      run.step(3);
      assertThat(run.w.getFloat(0)).isCloseTo(-0.029f, within(1e-8f));
      assertThat(run.state("exp_avg")[0]).isCloseTo(0.019f, within(1e-8f));
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1e-30})
  void zeroGradients_moveNothing(double epsilon1) {
    var builder = fixed(0.1).epsilons(epsilon1, 1e-3);
    try (var matrix = new Run(builder, new float[] {1, 2, 3, 4}, 2, 2);
        var vector = new Run(builder, new float[] {1, 2}, 2)) {
      for (int t = 0; t < 2; t++) {
        matrix.step(0, 0, 0, 0);
        vector.step(0, 0);
      }
      assertThat(matrix.w.toFloats()).containsExactly(1, 2, 3, 4);
      assertThat(vector.w.toFloats()).containsExactly(1, 2);
      matrix.step(0, 0, 0, 1); // a row and a column without history
      assertThat(matrix.w.toFloats()).startsWith(1, 2, 3);
      assertThat(matrix.w.getFloat(3)).isLessThan(4);
    }
  }

  @Test
  void state_hasTheOriginalsShapes() {
    var shape = new long[] {2, 3, 4};
    try (var run = new Run(fixed(1).beta1(0.5), new float[24], shape)) {
      var state = run.optimizer.state("w");
      assertThat(state.keySet()).containsExactly("exp_avg_sq_row", "exp_avg_sq_col", "exp_avg");
      assertThat(state.values().stream().map(Tensor::shapeText))
          .containsExactly("[2, 3]", "[2, 4]", "[2, 3, 4]");
    }
  }

  /** Against a plain form in double: all ways to cut a matrix, and gradients left out. */
  @ParameterizedTest
  @CsvSource({
    "1, 600, 520",
    "1, 1, 700",
    "1, 70000, 1",
    "2, 300, 40",
    "3, 40, 300",
    "5, 7, 3",
    "1, 17001, 0"
  })
  void largeTensors_followThePlainForm(int matrices, int rows, int columns) {
    boolean vector = columns == 0;
    int n = matrices * rows * Math.max(1, columns);
    long[] shape = vector ? new long[] {n} : new long[] {matrices, rows, columns};
    var random = new Random(1);
    float[] weights = Runs.draw(random, n, Integer.MAX_VALUE);
    double[] expected = new double[n];
    for (int i = 0; i < n; i++) {
      expected[i] = weights[i];
    }
    var plain = new PlainAdafactor(matrices, rows, vector ? 0 : columns);
    try (var run = new Run(Adafactor.builder().learningRate(0.1), weights, shape)) {
      for (int t = 0; t < 2; t++) {
        float[] gradient = Runs.draw(random, n, 1000);
        gradient[1] = Float.NaN;
        gradient[n - 1] = Float.POSITIVE_INFINITY;
        run.step(gradient);
        plain.step(expected, gradient, 0.1);
      }
      double worst = 0;
      for (int i = 0; i < n; i++) {
        worst = Math.max(worst, Math.abs(run.w.getFloat(i) - expected[i]));
      }
      assertThat(worst).isLessThan(1e-6); // an ulp of the largest weights, over 4, is 4.8e-7
    }
  }
}
