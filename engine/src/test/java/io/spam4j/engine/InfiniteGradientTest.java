package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What one infinite coordinate does under {@link NonFinitePolicy#PROPAGATE}: infinity is not NaN.
 */
final class InfiniteGradientTest {
  private static final float NAN = Float.NaN;
  private static final float INFINITY = Float.POSITIVE_INFINITY;
  private static final int LONG = 20_000; // several blocks of the measure

  /** Two tensors; the second has finite gradients. */
  private static final class Two implements AutoCloseable {
    final Tensor weights;
    final Tensor other = Tensor.of(new float[] {7, 8}, 2);
    final Optimizer optimizer;

    Two(OptimizerBuilder<?> builder, GradientTransform transform, Tensor weights) {
      this.weights = weights;
      builder.nonFinite(NonFinitePolicy.PROPAGATE).transforms(transform);
      optimizer =
          builder.build(List.of(new Parameter("w", weights), new Parameter("other", other)));
    }

    StepReport step(Tensor gradient) {
      Tensor finite = Tensor.of(new float[] {5, 6}, 2);
      return optimizer.step(name -> name.equals("w") ? gradient : finite);
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }

  private static Tensor tensor(float... values) {
    return Tensor.of(values, values.length);
  }

  static List<Supplier<OptimizerBuilder<?>>> optimizers() {
    return List.of(
        Adam::builder,
        () -> AdamW.builder().weightDecay(0),
        Spam::builder,
        Lion::builder,
        Sgd::builder);
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void globalNorm_ofAnInfiniteNorm_isZero_asInTorch(Supplier<OptimizerBuilder<?>> builder) {
    try (var two = new Two(builder.get(), GradientTransform.globalNorm(1), tensor(1, 2, 3))) {
      StepReport report = two.step(tensor(3, INFINITY, 4));
      assertThat(two.weights.toFloats()).containsExactly(1, NAN, 3);
      assertThat(two.other.toFloats()).containsExactly(7, 8);
      assertThat(report.gradientNorm()).isEqualTo(Double.POSITIVE_INFINITY);
      assertThat(report.gradientNorm(0)).isEqualTo(Double.POSITIVE_INFINITY);
      assertThat(report.gradientNorm(1)).isEqualTo(Math.sqrt(61));
      assertThat(report.gradientScale(1)).isEqualTo(0);
    }
  }

  @Test
  void globalNorm_ofANormThatIsNaN_isNaN_asInTorch() {
    for (float[] gradient : new float[][] {{3, NAN, 4}, {NAN, INFINITY, 4}}) {
      try (var two = new Two(Adam.builder(), GradientTransform.globalNorm(1), tensor(1, 2, 3))) {
        assertThat(two.step(tensor(gradient)).gradientNorm()).isNaN();
        assertThat(two.weights.toFloats()).containsExactly(NAN, NAN, NAN);
        assertThat(two.other.toFloats()).containsExactly(NAN, NAN);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4096, LONG - 1})
  void globalNorm_findsTheInfiniteOneInAnyBlock(int at) {
    float[] gradient = new float[LONG];
    Arrays.fill(gradient, 0.5f);
    gradient[at] = -INFINITY;
    Tensor weights = Tensor.of(new float[LONG], LONG);
    try (var two = new Two(Adam.builder(), GradientTransform.globalNorm(1), weights)) {
      two.step(Tensor.of(gradient, LONG));
      float[] expected = new float[LONG];
      expected[at] = NAN;
      assertThat(two.weights.toFloats()).isEqualTo(expected);
      assertThat(two.other.toFloats()).containsExactly(7, 8);
    }
  }

  @Test
  void value_limitsTheInfiniteOne_andWhatFollowsSeesThat() {
    Adam.Builder builder = Adam.builder().nonFinite(NonFinitePolicy.PROPAGATE);
    builder.transforms(GradientTransform.value(4), GradientTransform.globalNorm(2.5));
    try (var run = new Runs(builder, 0f, 0f, 0f)) {
      StepReport report = run.step(3, INFINITY, 0);
      assertThat(report.gradientScale(0)).isEqualTo((float) (2.5 / (5 + 1e-6)));
      float scale = (float) report.gradientScale(0);
      float share = (float) (1 - 0.9);
      assertThat(run.first()).containsExactly(share * (3 * scale), share * (4 * scale), 0);
    }
  }

  @Test
  void globalNorm_leavesNaN_toWhatFollows() {
    Adam.Builder builder = Adam.builder().nonFinite(NonFinitePolicy.PROPAGATE);
    builder.transforms(GradientTransform.globalNorm(1), GradientTransform.globalNorm(1));
    try (var run = new Runs(builder, 1f, 2f)) {
      assertThat(run.step(3, INFINITY).gradientScale(0)).isNaN(); // 0 * infinity
    }
  }

  @Test
  void zClip_afterItsFirstSteps_makesTheFactorZero_andKeepsItsHistory() {
    var zClip = new GradientTransform.ZClip(0.97, 2.5, 2);
    try (var two = new Two(Sgd.builder().momentum(0), zClip, tensor(1, 2, 3))) {
      two.step(tensor(1, 2, 2));
      two.step(tensor(1, 2, 2.5f));
      float[] before = two.weights.toFloats();
      float[] other = two.other.toFloats();
      assertThat(two.step(tensor(1, -INFINITY, 1)).gradientScale(1)).isEqualTo(0);
      assertThat(two.weights.toFloats()).containsExactly(before[0], NAN, before[2]);
      assertThat(two.other.toFloats()).isEqualTo(other);
      assertThat(two.optimizer.scalars("w").values()).allMatch(Double::isFinite);
    }
  }

  @Test
  void agc_ofARow_asInOptax() {
    Tensor weights = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
    Tensor gradient = Tensor.of(new float[] {INFINITY, 1, NAN, 1, 0.01f, 0.01f}, 3, 2);
    try (var two =
        new Two(Sgd.builder().learningRate(1).momentum(0), GradientTransform.agc(), weights)) {
      two.step(gradient);
      assertThat(weights.toFloats()).containsExactly(NAN, 2, NAN, NAN, 4.99f, 5.99f);
    }
  }

  @Test
  void adaClip_hasAnInfiniteHistory_asTheAuthorsCode() {
    try (var two = new Two(Adam.builder(), GradientTransform.adaClip(), tensor(1, 2, 3))) {
      assertThat(two.step(tensor(1, INFINITY, 1)).loweredCoordinates()).isEqualTo(0);
      assertThat(two.optimizer.scalars("w")).containsEntry("m_max_t", Double.POSITIVE_INFINITY);
      assertThat(two.step(tensor(1, 1, 1)).loweredCoordinates(0)).isEqualTo(0);
    }
  }
}
