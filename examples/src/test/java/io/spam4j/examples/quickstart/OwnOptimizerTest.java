package io.spam4j.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.CheckpointMismatchException;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.decision.TensorStep;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An optimizer whose update is Adam's, and which only decides otherwise, needs one file, outside
 * the engine: {@link RmsProp}, and {@link ScheduledMomentum}, which keeps a number of each tensor.
 */
final class OwnOptimizerTest {
  private static final int N = 37;

  @TempDir private Path folder = Path.of("");

  private static Optimizer build(OptimizerBuilder<?> builder, float[]... weights) {
    List<Parameter> parameters =
        weights.length == 1
            ? List.of(parameter("w", weights[0]))
            : List.of(parameter("always", weights[0]), parameter("sometimes", weights[1]));
    return builder.build(parameters);
  }

  private static Parameter parameter(String name, float[] weights) {
    return new Parameter(name, Tensor.of(weights, weights.length));
  }

  private static float[] draw(Random random) {
    float[] values = new float[N];
    for (int i = 0; i < N; i++) {
      values[i] = (float) random.nextGaussian() * (random.nextInt(10) == 0 ? 1000 : 1);
    }
    return values;
  }

  private static Gradients gradient(float... values) {
    Tensor gradient = Tensor.of(values, values.length);
    return _ -> gradient;
  }

  @Property(tries = 50, seed = "1")
  void rmsProp_followsItsFormula(
      @ForAll long seed, @ForAll @DoubleRange(min = 0.1, max = 0.99) double alpha) {
    var random = new Random(seed);
    var builder = RmsProp.builder().alpha(alpha).epsilon(1e-3);
    float[] weights = new float[N];
    try (Optimizer optimizer = build(builder, weights)) {
      double[] w = new double[N];
      double[] v = new double[N];
      for (int t = 0; t < 50; t++) {
        float[] gradient = draw(random);
        optimizer.step(gradient(gradient));
        for (int i = 0; i < N; i++) {
          double g = gradient[i];
          v[i] = alpha * v[i] + (1 - alpha) * g * g;
          w[i] -= 0.01 * g / (Math.sqrt(v[i]) + 1e-3);
          assertThat((double) weights[i]).isCloseTo(w[i], within(1e-6));
        }
      }
    }
  }

  @Test
  void rmsProp_hasAllThatTheOthersHave() {
    var builder =
        RmsProp.builder()
            .density(0.5)
            .transforms(GradientTransform.value(2))
            .group("w", group -> group.learningRate(1));
    try (Optimizer optimizer = build(builder, new float[4])) {
      StepReport report = optimizer.step(gradient(9, 9, 9, Float.NaN));
      assertThat(report.clampedCoordinates() + report.skippedCoordinates()).isEqualTo(2);
      assertThat(optimizer.mask("w").orElseThrow().count()).isEqualTo(2);
      assertThat(optimizer).hasToString("rmsprop[1 parameters, step 1]");
    }
  }

  @Property(tries = 50, seed = "2")
  void scheduledMomentum_followsItsFormula(
      @ForAll long seed, @ForAll @DoubleRange(min = 0, max = 1) double decay) {
    var random = new Random(seed);
    var builder = ScheduledMomentum.builder(decay).learningRate(0.01).epsilon(1e-3);
    float[] weights = new float[N];
    try (Optimizer optimizer = build(builder, weights)) {
      double[] w = new double[N];
      double[] m = new double[N];
      double[] v = new double[N];
      double product = 1;
      for (int t = 1; t <= 50; t++) {
        float[] gradient = draw(random);
        optimizer.step(gradient(gradient));
        double mu = 0.9 * (1 - 0.5 * Math.pow(0.96, t * decay));
        product *= mu;
        for (int i = 0; i < N; i++) {
          double g = gradient[i];
          m[i] = mu * m[i] + (1 - mu) * g;
          v[i] = 0.999 * v[i] + 0.001 * g * g;
          double root = Math.sqrt(v[i] / (1 - Math.pow(0.999, t)));
          w[i] -= 0.01 * m[i] / (1 - product) / (root + 1e-3);
          assertThat((double) weights[i]).isCloseTo(w[i], within(1e-5));
        }
        assertThat(optimizer.scalars("w")).containsOnlyKeys("log_mu_product");
        double kept = optimizer.scalars("w").getOrDefault("log_mu_product", Double.NaN);
        assertThat(kept).isCloseTo(Math.log(product), within(1e-12));
      }
    }
  }

  /** Steps with a gradient for one tensor always, and for the other at every third step. */
  private static void steps(Optimizer optimizer, int from, int to) {
    for (int t = from; t < to; t++) {
      var random = new Random(t);
      Tensor always = Tensor.of(draw(random), N);
      Tensor sometimes = Tensor.of(draw(random), N);
      optimizer.step(
          t % 3 == 1
              ? Gradients.of(Map.of("always", always, "sometimes", sometimes))
              : Gradients.of(Map.of("always", always)));
    }
  }

  @Test
  void keptNumber_isSaved_soThatARunGoesOnWithTheSameBits() throws IOException {
    Path half = folder.resolve("half");
    Path whole = folder.resolve("whole");
    Path resumed = folder.resolve("resumed");
    var saving = SaveOptions.defaults().withWeights();
    try (Optimizer optimizer =
        build(ScheduledMomentum.builder(0.004), new float[N], new float[N])) {
      steps(optimizer, 0, 20);
      assertThat(optimizer.scalars("sometimes")).isNotEqualTo(optimizer.scalars("always"));
      optimizer.save(half, saving);
      steps(optimizer, 20, 40);
      optimizer.save(whole, saving);
    }
    try (Optimizer optimizer =
        build(ScheduledMomentum.builder(0.004), new float[N], new float[N])) {
      steps(optimizer, 0, 3); // what it has done before does not matter
      optimizer.load(half, LoadOptions.strict().withWeights());
      steps(optimizer, 20, 40);
      optimizer.save(resumed, saving);
    }
    assertThat(Files.mismatch(whole, resumed)).isEqualTo(-1);
  }

  @Test
  void checkpoint_tellsKeptNumbersAndOwnSettings() throws IOException {
    Path file = folder.resolve("saved");
    try (Optimizer optimizer = build(ScheduledMomentum.builder(0.25), new float[N], new float[N]);
        Arena arena = Arena.ofConfined()) {
      steps(optimizer, 0, 5);
      optimizer.save(file);
      Checkpoint saved = Checkpoint.open(file, arena);
      assertThat(saved.optimizer()).isEqualTo("scheduled-momentum");
      assertThat(saved.settings()).contains(entry("momentumDecay", "0.25"));
      saved
          .parameters()
          .forEach(
              (name, parameter) ->
                  assertThat(parameter.scalars()).isEqualTo(optimizer.scalars(name)));
    }
  }

  @Test
  void checkpoint_isRefusedByAnOptimizerThatKeepsNoSuchNumber() throws IOException {
    Path file = folder.resolve("saved");
    try (Optimizer optimizer = build(ScheduledMomentum.builder(0.25), new float[N])) {
      optimizer.step(gradient(draw(new Random(1))));
      optimizer.save(file);
    }
    try (Optimizer forgetful = build(ScheduledMomentum.forgetful(0.25), new float[N])) {
      assertThatThrownBy(() -> forgetful.load(file))
          .isInstanceOf(CheckpointMismatchException.class)
          .hasMessage(
              "checkpoint must fit the optimizer, or LoadOptions must allow what differs: file="
                  + file
                  + "\n  scalars: file=[log_mu_product], optimizer=[] (allowOtherHyperparameters),"
                  + " parameters=[w]");
    }
  }

  @Test
  void checkpoint_ofOtherOwnSettingsIsRefused() throws IOException {
    Path file = folder.resolve("saved");
    try (Optimizer optimizer = build(ScheduledMomentum.builder(0.25), new float[N])) {
      optimizer.save(file);
    }
    try (Optimizer other = build(ScheduledMomentum.builder(0.5), new float[N])) {
      assertThatThrownBy(() -> other.load(file))
          .isInstanceOf(CheckpointMismatchException.class)
          .hasMessage(
              "checkpoint must fit the optimizer, or LoadOptions must allow what differs: file="
                  + file
                  + "\n  setting momentumDecay: file=0.25, optimizer=0.5 (allowOtherHyperparameters)");
    }
  }

  /** An optimizer whose names are those of its checkpoint. */
  private static final class Colliding extends MomentBuilder<Colliding> {
    private final String scalar;
    private final Map<String, String> settings;

    private Colliding(String scalar, Map<String, String> settings) {
      super("colliding");
      this.scalar = scalar;
      this.settings = settings;
    }

    @Override
    protected Map<String, String> ownSettings() {
      return settings;
    }

    @Override
    protected Decision decision(int parameters) {
      return new Decision() {
        @Override
        public void decide(UpdateCoefficients coefficients, TensorStep step) {}

        @Override
        public void addScalars(int tensor, Map<String, Double> scalars) {
          scalars.put(scalar, 1.0);
        }
      };
    }

    @Override
    protected Colliding self() {
      return this;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"updates", "shape", "maskWidth", "two words", "a=b", ""})
  void scalar_isRefusedWhereACheckpointCouldNotHoldIt(String name) {
    assertThatThrownBy(() -> build(new Colliding(name, Map.of()), new float[N]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "a scalar must have a name that a checkpoint does not use, without blanks and =: scalar="
                + name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"seed", "nonFinite", "transforms"})
  void ownSetting_isRefusedWhereAnotherHasItsName(String name) {
    assertThatThrownBy(() -> build(new Colliding("kept", Map.of(name, "7")), new float[N]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "an own setting must have a name that no other has: optimizer=colliding, setting="
                + name);
  }
}
