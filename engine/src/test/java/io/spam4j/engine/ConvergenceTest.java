package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCases;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every optimizer finds the minimum of two functions: within a distance of 1e-3, in so many steps,
 * with a learning rate that rises over 10 steps to its peak and falls along a cosine to 0. Weight
 * decay, which would move the minimum, is 0.
 */
final class ConvergenceTest {
  private static final int RESET_INTERVAL = 50;

  /**
   * How some optimizers get down.
   *
   * @param peak of the learning rate
   */
  private record Descent(double peak, int steps, List<String> names) {}

  /**
   * A function, how optimizers get down, and who does not.
   *
   * @param without who leaves weights where they are, because they never have moments, or finds
   *     that each gradient is a spike by the moments after a reset, which NULLIFY drops
   */
  record Problem(String name, List<Descent> descents, List<String> without) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static final Problem PARABOLA =
      new Problem(
          "parabola",
          List.of(
              descent(
                  0.1,
                  400,
                  """
                  adam adam-amsgrad adam-skip-step adam-propagate adam-throw adamw adamw-amsgrad
                  spam spam-gaussian spam-no-clipping spam-since-reset spam-keeps-missing
                  spam-reference-dense spam-paper-dense spam-kozistr skip-step propagate
                  stable-spam stable-spam-preset-bf16 stable-spam-reference stable-spam-clip-only
                  stable-spam-norm-only global-norm value ada-clip ada-gn stabilizer agc z-clip
                  transforms four-transforms norm-and-clip all-transforms lion-all-transforms
                  adam-moments-bf16 adam-moments-int8 int8 stable-spam-moments-bf16
                  stable-spam-moments-int8 lion sgd sgd-momentum sgd-plain adafactor
                  adafactor-momentum adafactor-unscaled adafactor-unscaled-momentum adam-mini
                  adam-mini-one-block scale scale-norm stable-spam-scale
                  """),
              descent(0.003, 6000, "spam-nullify"),
              descent(
                  0.01,
                  6000,
                  """
                  spam-reference spam-paper sparse sparse-gaussian sparse-no-clipping sparse-keep
                  sparse-coins sparse-coins-keep sparse-exact-then-coins
                  sparse-exact-then-coins-keep sparse-gradients sparse-sgd sparse-unselected-sgd
                  sparse-decay-all sparse-but-a sparse-keeps-missing stable-spam-sparse
                  sparse-global-norm sparse-value sparse-ada-clip sparse-ada-gn sparse-stabilizer
                  sparse-agc sparse-z-clip sparse-all-transforms sparse-moments-bf16
                  sparse-moments-int8 sparse-keep-moments-bf16 sparse-lines sparse-lines-keep
                  """)),
          names(
              """
              adamw-amsgrad-sparse sparse-weights sparse-group sparse-given
              sparse-given-moments-bf16 sparse-given-moments-int8 sparse-nullify
              sparse-lines-weights sparse-lines-gradients
              """));

  private static final Problem VALLEY =
      new Problem(
          "valley",
          List.of(
              descent(
                  0.02,
                  3000,
                  """
                  spam spam-keeps-missing skip-step propagate stable-spam-reference int8
                  stable-spam-moments-int8
                  """),
              descent(
                  0.05,
                  3000,
                  """
                  spam-gaussian spam-no-clipping spam-since-reset spam-reference-dense
                  spam-paper-dense spam-kozistr stable-spam stable-spam-preset-bf16
                  stable-spam-clip-only stabilizer norm-and-clip stable-spam-moments-bf16
                  stable-spam-scale
                  """),
              descent(
                  0.2,
                  3000,
                  """
                  adam adam-skip-step adam-propagate adam-throw adamw global-norm value ada-clip
                  scale scale-norm
                  ada-gn agc z-clip four-transforms all-transforms adam-moments-bf16
                  adam-moments-int8 adafactor-momentum adafactor-unscaled-momentum adam-mini
                  adam-mini-one-block
                  """),
              descent(0.4, 3000, "adam-amsgrad adamw-amsgrad"),
              descent(
                  0.008,
                  6000,
                  """
                  spam-reference spam-paper sparse sparse-gaussian sparse-no-clipping sparse-keep
                  sparse-coins sparse-coins-keep sparse-exact-then-coins
                  sparse-exact-then-coins-keep sparse-sgd sparse-unselected-sgd sparse-decay-all
                  sparse-but-a sparse-keeps-missing stable-spam-sparse sparse-global-norm
                  sparse-value sparse-ada-clip sparse-ada-gn sparse-stabilizer sparse-agc
                  sparse-z-clip sparse-all-transforms lion-all-transforms sparse-moments-bf16
                  sparse-moments-int8 sparse-keep-moments-bf16 sgd sgd-momentum
                  """),
              descent(0.02, 6000, "stable-spam-norm-only lion"),
              descent(0.2, 6000, "transforms"),
              descent(0.02, 20000, "sgd-plain adafactor adafactor-unscaled")),
          names(
              """
              adamw-amsgrad-sparse sparse-weights sparse-group sparse-given
              sparse-given-moments-bf16 sparse-given-moments-int8 sparse-nullify spam-nullify
              sparse-gradients sparse-lines sparse-lines-keep sparse-lines-weights
              sparse-lines-gradients
              """));

  static final List<Problem> PROBLEMS = List.of(PARABOLA, VALLEY);

  private static Descent descent(double peak, int steps, String names) {
    return new Descent(peak, steps, names(names));
  }

  private static List<String> names(String names) {
    return List.of(names.strip().split("\\s+"));
  }

  @ParameterizedTest
  @FieldSource("PROBLEMS")
  void table_isWhole(Problem problem) {
    assertThat(
            Stream.concat(
                problem.descents().stream().flatMap(descent -> descent.names().stream()),
                problem.without().stream()))
        .as("the learning rates of optimizers")
        .containsExactlyInAnyOrderElementsOf(
            OptimizerCases.floats().map(OptimizerCase::name).toList());
  }

  static Stream<Arguments> parabolas() {
    return runs(PARABOLA);
  }

  static Stream<Arguments> valleys() {
    return runs(VALLEY);
  }

  private static Stream<Arguments> runs(Problem problem) {
    return problem.descents().stream()
        .flatMap(
            descent ->
                descent.names().stream()
                    .map(name -> Arguments.of(name, descent.peak(), descent.steps())));
  }

  private static Optimizer build(
      String name, double peak, int steps, String parameter, Tensor weights) {
    OptimizerBuilder<?> builder = OptimizerCases.named(name).builder(RESET_INTERVAL);
    return builder
        .weightDecay(0)
        .threads(1)
        .learningRate(Schedule.warmupCosine(peak, 10, steps, 0))
        .build(List.of(new Parameter(parameter, weights)));
  }

  /** The sum of (w - target)^2 from w = 0, with targets from -1.2 to 1. */
  @ParameterizedTest(name = "{0}: {1}, {2} steps")
  @MethodSource("parabolas")
  void parabola_isDescended(String name, double peak, int steps) {
    float[] w = new float[12];
    float[] g = new float[12];
    double[] target = new double[12];
    for (int i = 0; i < 12; i++) {
      target[i] = 1 - 0.2 * i;
    }
    Tensor gradient = Tensor.of(g, 3, 4);
    try (Optimizer optimizer = build(name, peak, steps, "parabola", Tensor.of(w, 3, 4))) {
      for (int t = 0; t < steps; t++) {
        for (int i = 0; i < 12; i++) {
          g[i] = (float) (2 * (w[i] - target[i]));
        }
        optimizer.step(_ -> gradient);
      }
    }
    double[] found = new double[12];
    Arrays.setAll(found, i -> w[i]);
    assertDistance(name, found, target);
  }

  /**
   * Rosenbrock's valley, (1 - x)^2 + 100 (y - x^2)^2, from (-1.2, 1); x is the mean of the first
   * eight weights and y that of the others, so that half of the weights suffice to turn.
   */
  @ParameterizedTest(name = "{0}: {1}, {2} steps")
  @MethodSource("valleys")
  void valley_isFollowed(String name, double peak, int steps) {
    float[] w = new float[16];
    float[] g = new float[16];
    Arrays.fill(w, 0, 8, -1.2f);
    Arrays.fill(w, 8, 16, 1);
    Tensor gradient = Tensor.of(g, 16);
    try (Optimizer optimizer = build(name, peak, steps, "valley", Tensor.of(w, 16))) {
      for (int t = 0; t < steps; t++) {
        double x = mean(w, 0);
        double above = mean(w, 8) - x * x;
        Arrays.fill(g, 0, 8, (float) ((-2 * (1 - x) - 400 * x * above) / 8));
        Arrays.fill(g, 8, 16, (float) (200 * above / 8));
        optimizer.step(_ -> gradient);
      }
    }
    assertDistance(name, new double[] {mean(w, 0), mean(w, 8)}, 1, 1);
  }

  private static double mean(float[] w, int from) {
    double sum = 0;
    for (int i = from; i < from + 8; i++) {
      sum += w[i];
    }
    return sum / 8;
  }

  private static void assertDistance(String name, double[] w, double... target) {
    double squares = 0;
    for (int i = 0; i < w.length; i++) {
      squares += Math.pow(w[i] - target[i], 2);
    }
    assertThat(Math.sqrt(squares)).as(name).isLessThan(1e-3);
  }
}
