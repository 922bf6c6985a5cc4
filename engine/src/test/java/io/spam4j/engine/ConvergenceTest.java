package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every optimizer finds the minimum of two functions: within a distance of 1e-3, in so many steps,
 * with a learning rate that rises over 10 steps to its peak and falls along a cosine to 0.
 */
final class ConvergenceTest {
  static Stream<Arguments> parabolas() {
    return Stream.of(
        run("Adam", Adam.builder(), 0.1, 400),
        run("AdamW", AdamW.builder().weightDecay(0), 0.1, 400),
        run("amsgrad", Adam.builder().amsgrad(true), 0.1, 400),
        run("SPAM", spam(), 0.1, 400),
        run("SPAM, half of the weights", spam().density(0.5), 0.1, 1500),
        run("Stable-SPAM", StableSpam.builder().resetInterval(100), 0.1, 400),
        run("Lion", Lion.builder(), 0.03, 400),
        run("SGD", Sgd.builder(), 0.1, 200),
        run("SGD without momentum", Sgd.builder().momentum(0), 0.3, 200),
        run("Nesterov", Sgd.builder().nesterov(true), 0.1, 200),
        run("Adafactor", Adafactor.builder().scaleParameter(false), 0.1, 400),
        run(
            "Adafactor with momentum",
            Adafactor.builder().scaleParameter(false).beta1(0.9),
            0.1,
            400),
        run("Adam-mini", AdamMini.builder((_, shape) -> shape[0]), 0.1, 400),
        run("global norm", transformed(GradientTransform.globalNorm(1)), 0.1, 400),
        run("value", transformed(GradientTransform.value(0.5)), 0.1, 400),
        run("AdaClip", transformed(GradientTransform.adaClip()), 0.1, 400),
        run("AdaGN", transformed(GradientTransform.adaGN()), 0.1, 400),
        run("stabilizer", transformed(GradientTransform.gradientStabilizer()), 0.1, 400),
        run("AGC", transformed(GradientTransform.agc()), 0.1, 400),
        run("ZClip", transformed(GradientTransform.zClip()), 0.1, 400));
  }

  static Stream<Arguments> valleys() {
    return Stream.of(
        run("Adam", Adam.builder(), 0.2, 3000),
        run("AdamW", AdamW.builder().weightDecay(0), 0.2, 3000),
        run("amsgrad", Adam.builder().amsgrad(true), 0.4, 3000),
        run("SPAM", spam(), 0.02, 3000),
        run("SPAM, half of the weights", spam().density(0.5), 0.02, 6000),
        run("Stable-SPAM", StableSpam.builder().resetInterval(100), 0.05, 3000),
        run("Lion", Lion.builder(), 0.002, 6000),
        run("SGD", Sgd.builder(), 0.008, 6000),
        run("SGD without momentum", Sgd.builder().momentum(0), 0.02, 20000),
        run("Nesterov", Sgd.builder().nesterov(true), 0.008, 6000),
        run("Adafactor", Adafactor.builder().scaleParameter(false), 0.02, 20000),
        run(
            "Adafactor with momentum",
            Adafactor.builder().scaleParameter(false).beta1(0.9),
            0.05,
            3000),
        run("Adam-mini", AdamMini.builder((_, _) -> 1), 0.2, 3000),
        run("global norm", transformed(GradientTransform.globalNorm(1)), 0.02, 6000),
        run("value", transformed(GradientTransform.value(0.5)), 0.02, 6000),
        run("AdaClip", transformed(GradientTransform.adaClip()), 0.2, 3000),
        run("AdaGN", transformed(GradientTransform.adaGN()), 0.05, 3000),
        run("stabilizer", transformed(GradientTransform.gradientStabilizer()), 0.05, 3000),
        run("AGC", transformed(GradientTransform.agc()), 0.05, 3000),
        run("ZClip", transformed(GradientTransform.zClip()), 0.2, 3000));
  }

  private static Spam.Builder spam() {
    return Spam.builder().resetInterval(50).rewarmSteps(10).spikeGraceSteps(5);
  }

  private static Adam.Builder transformed(GradientTransform transform) {
    return Adam.builder().transforms(transform);
  }

  private static Arguments run(String name, OptimizerBuilder<?> builder, double peak, int steps) {
    return Arguments.of(name, builder, peak, steps);
  }

  /** The sum of (w - target)^2 from w = 0, with targets from -1.2 to 1. */
  @ParameterizedTest(name = "{0}: {2}, {3} steps")
  @MethodSource("parabolas")
  void parabola_isDescended(String name, OptimizerBuilder<?> builder, double peak, int steps) {
    float[] w = new float[12];
    float[] g = new float[12];
    double[] target = new double[12];
    for (int i = 0; i < 12; i++) {
      target[i] = 1 - 0.2 * i;
    }
    Tensor gradient = Tensor.of(g, 3, 4);
    builder.threads(1).learningRate(Schedule.warmupCosine(peak, 10, steps, 0));
    try (var optimizer = builder.build(List.of(new Parameter("w", Tensor.of(w, 3, 4))))) {
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
  @ParameterizedTest(name = "{0}: {2}, {3} steps")
  @MethodSource("valleys")
  void valley_isFollowed(String name, OptimizerBuilder<?> builder, double peak, int steps) {
    float[] w = new float[16];
    float[] g = new float[16];
    Arrays.fill(w, 0, 8, -1.2f);
    Arrays.fill(w, 8, 16, 1);
    Tensor gradient = Tensor.of(g, 16);
    builder.threads(1).learningRate(Schedule.warmupCosine(peak, 10, steps, 0));
    try (var optimizer = builder.build(List.of(new Parameter("w", Tensor.of(w, 16))))) {
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
