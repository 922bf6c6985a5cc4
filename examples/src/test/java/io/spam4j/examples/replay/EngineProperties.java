package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.Adam;
import io.spam4j.engine.AdamW;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Spam;
import io.spam4j.tensors.Tensor;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** The engine in float32 follows the specification in double, whatever the hyper-parameters. */
final class EngineProperties {
  private static final int N = 17;
  private static final int STEPS = 150;
  private static final int NEVER = STEPS + 1;

  /**
   * A step rounds a value at most three times and multiplies it by a constant that was rounded
   * once, by 2^-24 each, on the scale of the largest value so far: what a spike left behind may
   * since have cancelled, its rounding has not.
   */
  private static final double TOLERANCE = STEPS * 4 * 0x1p-24;

  @Property(tries = 300, seed = "1")
  void spamReference_followsTheSpecification(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 60) int interval,
      @ForAll @IntRange(min = 0, max = 40) int rewarm,
      @ForAll @IntRange(min = 0, max = 30) int grace,
      @ForAll @IntRange(min = 0, max = 100) int theta,
      @ForAll @DoubleRange(min = 0, max = 0.3) double decay) {
    var spec = new SpamSpecification(start(seed));
    spec.lr = 0.01;
    spec.dT = interval;
    spec.n = rewarm;
    spec.grace = grace;
    spec.theta = theta;
    spec.weightDecay = decay;
    assertFollows(
        spec,
        interval,
        seed,
        Spam.builder(Spam.Preset.REFERENCE)
            .learningRate(spec.lr)
            .resetInterval(interval)
            .rewarmSteps(rewarm)
            .spikeGraceSteps(grace)
            .spikeThreshold(theta)
            .weightDecay(decay));
  }

  @Property(tries = 100, seed = "2")
  void spamDefaults_followTheSpecification_whichExemptsZeros(
      @ForAll long seed, @ForAll @IntRange(min = 10, max = 60) int interval) {
    var spec = new SpamSpecification(start(seed));
    spec.dT = interval;
    spec.n = 5;
    spec.grace = 3;
    spec.exemptZero = true;
    var builder = Spam.builder().resetInterval(interval).rewarmSteps(5).spikeGraceSteps(3);
    assertFollows(spec, interval, seed, builder);
  }

  @Property(tries = 100, seed = "3")
  void adamAndAdamW_followTheSpecification(
      @ForAll long seed,
      @ForAll boolean decoupled,
      @ForAll @DoubleRange(min = 0, max = 0.3) double decay) {
    var spec = new AdamSpecification(start(seed));
    spec.decoupled = decoupled;
    spec.weightDecay = decay;
    assertFollows(
        spec,
        NEVER,
        seed,
        decoupled ? AdamW.builder().weightDecay(decay) : Adam.builder().weightDecay(decay));
  }

  private static double[] start(long seed) {
    return new Random(seed).doubles(N, -1, 1).map(x -> (float) x).toArray();
  }

  /** Gradients with spikes, zeros, and steps without one. */
  private static void assertFollows(
      Specification spec, int interval, long seed, OptimizerBuilder<?> builder) {
    var random = new Random(seed);
    float[] weights = new float[N];
    for (int i = 0; i < N; i++) {
      weights[i] = (float) spec.w()[i];
    }
    float[] gradient = new float[N];
    Tensor gradientTensor = Tensor.of(gradient, N);
    var parameters = List.of(new Parameter("w", Tensor.of(weights, N)));
    try (var optimizer = builder.build(parameters)) {
      double[] largest = new double[3];
      for (int t = 1; t <= STEPS; t++) {
        // The authors do not reset a tensor that has no gradient at a reset; our defaults do.
        boolean absent = random.nextInt(12) == 0 && t % interval != 0;
        double[] exact = new double[N];
        for (int i = 0; i < N; i++) {
          double spike = random.nextInt(25) == 0 ? 3000 : 1;
          gradient[i] = random.nextInt(10) == 0 ? 0 : (float) (random.nextGaussian() * spike);
          exact[i] = gradient[i];
        }
        spec.step(absent ? null : exact);
        optimizer.step(_ -> absent ? null : gradientTensor);
        float[] first = optimizer.firstMoment("w").toFloats();
        float[] second = optimizer.secondMoment("w").toFloats();
        largest[0] = assertClose(spec.w(), weights, largest[0], "weights", t);
        largest[1] = assertClose(state(spec, "exp_avg"), first, largest[1], "first moment", t);
        largest[2] = assertClose(state(spec, "exp_avg_sq"), second, largest[2], "second moment", t);
      }
    }
  }

  private static double[] state(Specification spec, String name) {
    return Objects.requireNonNull(spec.state().get(name), name);
  }

  private static double assertClose(
      double[] expected, float[] actual, double largestBefore, String what, int step) {
    double largest = largestBefore;
    double difference = 0;
    for (int i = 0; i < N; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
    }
    assertThat(difference)
        .as("%s after step %d", what, step)
        .isLessThanOrEqualTo(TOLERANCE * largest);
    return largest;
  }
}
