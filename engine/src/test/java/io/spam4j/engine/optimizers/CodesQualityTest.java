package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.MomentCodes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How far an AdamW with 8-bit moments is from one with float32 moments on the same gradients: the
 * table in docs/numerics.md. The distances are root mean squares relative to what they are from.
 */
final class CodesQualityTest {
  private static final int N = 24 * MomentCodes.BLOCK;
  private static final int STEPS = 1500;
  private static final double EPSILON = 1e-8;

  /**
   * Distances from float32.
   *
   * @param direction of m / (sqrt(v) + eps)
   * @param root of sqrt(v), each relative to its own
   * @param meanRoot the mean of both roots' ratios
   * @param way of all that the weights went
   */
  private record Distances(double direction, double root, double meanRoot, double way) {
    @Override
    public String toString() {
      return "direction %.4f, root %.4f, mean root %.4f, way %.4f"
          .formatted(direction, root, meanRoot, way);
    }
  }

  /**
   * Runs both. Gradients are normal numbers times a scale of each coordinate, which is log-normal.
   *
   * @param sigma of the logarithm of the scales
   * @param spikeAt the step at which one coordinate of each block is 1000 times as large
   * @param dropAt the step from which on all are a tenth
   */
  private static Distances distances(double sigma, int steps, int spikeAt, int dropAt) {
    try (Arena arena = Arena.ofShared()) {
      var settings = AdamW.builder().weightDecay(0).epsilon(EPSILON).learningRate(1e-3).threads(1);
      Tensor one = Tensor.allocate(arena, DType.F32, N);
      Tensor other = Tensor.allocate(arena, DType.F32, N);
      Tensor gradient = Tensor.allocate(arena, DType.F32, N);
      var random = new Random(7);
      double[] scales = new double[N];
      for (int i = 0; i < N; i++) {
        scales[i] = 1e-3 * Math.exp(sigma * random.nextGaussian());
      }
      try (var plain = settings.build(List.of(new Parameter("w", one)));
          var tested =
              settings.moments(MomentFormat.INT8).build(List.of(new Parameter("w", other)))) {
        for (int t = 1; t <= steps; t++) {
          for (int i = 0; i < N; i++) {
            double factor = t >= dropAt ? 0.1 : 1;
            factor *= t == spikeAt && isSpike(i) ? 1000 : 1;
            gradient.setFloat(i, (float) (random.nextGaussian() * scales[i] * factor));
          }
          plain.step(_ -> gradient);
          tested.step(_ -> gradient);
        }
        return distances(plain, tested, one, other);
      }
    }
  }

  private static boolean isSpike(int i) {
    return i % MomentCodes.BLOCK == 5;
  }

  private static Distances distances(Optimizer plain, Optimizer tested, Tensor one, Tensor other) {
    float[] m = plain.firstMoment("w").toFloats();
    float[] v = plain.secondMoment("w").toFloats();
    float[] first = new float[N];
    float[] second = new float[N];
    MomentCodes.decode(
        tested.firstMoment("w").memory(),
        tested.secondMoment("w").memory(),
        Objects.requireNonNull(tested.state("w").get("exp_avg_grid")).memory(),
        0,
        MemorySegment.ofArray(first),
        MemorySegment.ofArray(second),
        0,
        N);
    double[] sums = new double[6];
    int count = 0;
    for (int i = 0; i < N; i++) {
      if (isSpike(i)) {
        continue; // of the others it is asked what such a neighbour does to them
      }
      double root = Math.sqrt(v[i]);
      double ratio = Math.sqrt(second[i]) / root;
      double direction = m[i] / (root + EPSILON);
      double difference = first[i] / (Math.sqrt(second[i]) + EPSILON) - direction;
      sums[0] += difference * difference;
      sums[1] += direction * direction;
      sums[2] += (ratio - 1) * (ratio - 1);
      sums[3] += ratio;
      sums[4] += Math.pow(other.getFloat(i) - one.getFloat(i), 2);
      sums[5] += Math.pow(one.getFloat(i), 2);
      count++;
    }
    return new Distances(
        Math.sqrt(sums[0] / sums[1]),
        Math.sqrt(sums[2] / count),
        sums[3] / count,
        Math.sqrt(sums[4] / sums[5]));
  }

  @ParameterizedTest
  @CsvSource({"-1", "1499", "1450"})
  void logNormalScales_leaveTheDirectionWithin12PerCent(int spikeAt) {
    Distances actual = distances(1.5, STEPS, spikeAt, Integer.MAX_VALUE);
    assertThat(actual.direction).as("%s", actual).isLessThan(0.12);
    assertThat(actual.root).isLessThan(0.12);
    assertThat(actual.meanRoot).isBetween(0.99, 1.01);
    assertThat(actual.way).isLessThan(0.11);
  }

  @Test
  void equalScales_leaveTheDirectionWithin5PerCent() {
    Distances actual = distances(0, STEPS, -1, Integer.MAX_VALUE);
    assertThat(actual.direction).as("%s", actual).isLessThan(0.05);
    assertThat(actual.root).isLessThan(0.012);
    assertThat(actual.way).isLessThan(0.05);
  }

  @ParameterizedTest
  @CsvSource({"0", "1.5"})
  void roots_followADropOfTheGradient(double sigma) {
    Distances actual = distances(sigma, 5000, -1, 2000);
    assertThat(actual.meanRoot).as("%s", actual).isBetween(0.98, 1.02);
  }

  /** The authors' preset limits no gradient: squares may be infinite. */
  @Test
  void finiteGradients_neverMakeNaN() {
    int n = 300;
    try (Arena arena = Arena.ofShared()) {
      Tensor weights = Tensor.allocate(arena, DType.F32, n);
      var builder =
          Spam.builder(Spam.Preset.REFERENCE).density(1).moments(MomentFormat.INT8).threads(1);
      try (var optimizer = builder.build(List.of(new Parameter("w", weights)))) {
        var random = new Random(5);
        for (int t = 0; t < 30; t++) {
          Tensor gradient = Tensor.allocate(arena, DType.F32, n);
          for (int i = 0; i < n; i++) {
            float largest = (i + t) % 7 == 0 ? Float.MAX_VALUE : 1;
            gradient.setFloat(i, random.nextBoolean() ? largest : -largest);
          }
          optimizer.step(_ -> gradient);
          for (float weight : weights.toFloats()) {
            assertThat(weight).isFinite();
          }
        }
      }
    }
  }

  @Test
  void notFiniteGradients_thatTakePart_makeTheirBlockNaN() {
    int n = 300;
    try (Arena arena = Arena.ofShared()) {
      Tensor weights = Tensor.allocate(arena, DType.F32, n);
      var builder =
          AdamW.builder()
              .nonFinite(NonFinitePolicy.PROPAGATE)
              .moments(MomentFormat.INT8)
              .threads(1)
              .stopAfterNonFinite(0);
      try (var optimizer = builder.build(List.of(new Parameter("w", weights)))) {
        for (int t = 0; t < 4; t++) {
          Tensor gradient = Tensor.allocate(arena, DType.F32, n);
          for (int i = 0; i < n; i++) {
            gradient.setFloat(i, t == 1 && i == 7 ? Float.NaN : 1);
          }
          optimizer.step(_ -> gradient);
        }
        for (int i = 0; i < n; i++) {
          assertThat(Float.isNaN(weights.getFloat(i))).isEqualTo(i < MomentCodes.BLOCK);
        }
      }
    }
  }

  /** Prints the table. */
  public static void main(String... args) {
    System.out.println("equal: " + distances(0, STEPS, -1, Integer.MAX_VALUE));
    System.out.println("log-normal: " + distances(1.5, STEPS, -1, Integer.MAX_VALUE));
    System.out.println("spike before: " + distances(1.5, STEPS, 1499, Integer.MAX_VALUE));
    System.out.println("spike 50 before: " + distances(1.5, STEPS, 1450, Integer.MAX_VALUE));
    System.out.println("equal, drop: " + distances(0, 5000, -1, 2000));
    System.out.println("log-normal, drop: " + distances(1.5, 5000, -1, 2000));
  }
}
