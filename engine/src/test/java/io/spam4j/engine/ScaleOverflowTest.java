package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A coordinate that {@link GradientTransform#scale} makes infinite is one that is not finite. */
final class ScaleOverflowTest {
  private static final long[][] SHAPES = {{70, 61}, {40}};
  private static final int STEPS = 12;

  static List<OptimizerCase> cases() {
    return Stream.concat(
            OptimizerCases.algorithms().stream(),
            Stream.of("adam-amsgrad", "spam-gaussian", "sparse-sgd", "adam-moments-int8", "bf16")
                .map(OptimizerCases::named))
        .filter(one -> !one.has(Trait.THROWS))
        .toList();
  }

  private static List<GradientTransform[]> chains() {
    // Powers of 2: what is measured again has the sums that were scaled.
    GradientTransform eight = GradientTransform.scale(8);
    GradientTransform enormous = GradientTransform.scale(0x1p24);
    GradientTransform norm = GradientTransform.globalNorm(1);
    return List.of(
        new GradientTransform[] {eight},
        new GradientTransform[] {enormous, norm},
        new GradientTransform[] {eight, GradientTransform.adaClip()},
        new GradientTransform[] {eight, GradientTransform.adaGN()},
        new GradientTransform[] {eight, GradientTransform.zClip()},
        new GradientTransform[] {eight, GradientTransform.value(0.1)},
        new GradientTransform[] {eight, enormous, GradientTransform.adaClip(), norm});
  }

  /** Two runs of which one has coordinates that are NaN where the other's become infinite. */
  private static final class Runs implements AutoCloseable {
    final Arena arena = Arena.ofShared();
    final List<Optimizer> optimizers = new ArrayList<>();
    private final List<Tensor[]> gradients = new ArrayList<>();
    private final Random random = new Random(3);

    Runs(OptimizerCase one, OptimizerBuilder<?> builder) {
      for (int run = 0; run < 2; run++) {
        List<Parameter> parameters = new ArrayList<>();
        Tensor[] own = new Tensor[SHAPES.length];
        for (int i = 0; i < SHAPES.length; i++) {
          parameters.add(new Parameter("a" + i, Tensor.allocate(arena, one.dtype(), SHAPES[i])));
          own[i] = Tensor.allocate(arena, DType.F32, SHAPES[i]);
        }
        optimizers.add(builder.threads(1).build(parameters));
        gradients.add(own);
      }
    }

    void draw(int odds) {
      for (int i = 0; i < SHAPES.length; i++) {
        for (long k = 0; k < gradients.getFirst()[i].elements(); k++) {
          boolean large = random.nextInt(odds) == 0;
          float value = large ? -3e38f : (float) random.nextGaussian();
          set(gradients.getFirst()[i], k, value);
          set(gradients.getLast()[i], k, large ? Float.NaN : value);
        }
      }
    }

    private static void set(Tensor tensor, long i, float value) {
      tensor.memory().setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value);
    }

    Gradients of(int run) {
      return name -> gradients.get(run)[name.charAt(1) - '0'];
    }

    @Override
    public void close() {
      optimizers.forEach(Optimizer::close);
      arena.close();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void coordinate_isSkippedAsOneThatIsNaN(OptimizerCase one) {
    for (GradientTransform[] chain : chains()) {
      OptimizerBuilder<?> builder =
          one.builder(4).nonFinite(NonFinitePolicy.SKIP_COORDINATE).transforms(chain);
      try (Runs runs = new Runs(one, builder)) {
        long skipped = 0;
        for (int step = 0; step < STEPS; step++) {
          runs.draw(step % 3 == 1 ? 500 : Integer.MAX_VALUE);
          StepReport report = runs.optimizers.getFirst().step(runs.of(0));
          skipped += report.skippedCoordinates();
          assertThat(runs.optimizers.getLast().step(runs.of(1)).skippedCoordinates())
              .isEqualTo(report.skippedCoordinates());
        }
        assertThat(skipped).as("%s", List.of(chain)).isPositive();
        Snapshot.of(runs.optimizers.getFirst()).assertSame(Snapshot.of(runs.optimizers.getLast()));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"THROW", "SKIP_STEP"})
  void step_isRefusedOrSkippedAsWithOneThatIsNaN(NonFinitePolicy policy) {
    for (GradientTransform[] chain : chains()) {
      try (Runs runs =
          new Runs(
              OptimizerCases.named("adamw"), AdamW.builder().nonFinite(policy).transforms(chain))) {
        runs.draw(700);
        if (policy == NonFinitePolicy.THROW) {
          var expected =
              catchThrowableOfType(
                  NonFiniteGradientException.class,
                  () -> runs.optimizers.getLast().step(runs.of(1)));
          assertThatThrownBy(() -> runs.optimizers.getFirst().step(runs.of(0)))
              .isInstanceOf(NonFiniteGradientException.class)
              .hasMessage(expected.getMessage());
        } else {
          assertThat(runs.optimizers.getFirst().step(runs.of(0)).isSkipped()).isTrue();
          assertThat(runs.optimizers.getLast().step(runs.of(1)).isSkipped()).isTrue();
        }
        Snapshot.of(runs.optimizers.getFirst()).assertSame(Snapshot.of(runs.optimizers.getLast()));
      }
    }
  }
}
