package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of any size, as long as they are finite, leave weights and state that can be saved. */
final class FiniteGradientTest {
  private static final float MOST = Float.MAX_VALUE;
  private static final float[] ODD = {
    MOST, -MOST, MOST, 1e30f, -1e19f, 1, 0, -0f, Float.MIN_VALUE, 1e-20f
  };

  @TempDir private Path folder;

  static List<OptimizerCase> cases() {
    MomentFormat int8 = MomentFormat.INT8;
    return Stream.concat(
            OptimizerCases.all(),
            Stream.of(
                new OptimizerCase(
                    "reference-int8",
                    DType.F32,
                    Set.of(),
                    n ->
                        Spam.builder(Spam.Preset.REFERENCE)
                            .nonFinite(NonFinitePolicy.SKIP_COORDINATE)
                            .resetInterval(n)
                            .moments(int8))))
        .filter(one -> !one.name().contains("emulated") && !one.has(Trait.GIVEN))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void stateAndWeights_canBeSavedAndLoaded(OptimizerCase one) throws IOException {
    var random = new Random(5);
    Path file = folder.resolve("run.safetensors");
    try (Arena arena = Arena.ofShared()) {
      Tensor weights = Tensor.allocate(arena, one.dtype(), 30, 20);
      Tensor gradient = Tensor.allocate(arena, DType.F32, 30, 20);
      try (Optimizer optimizer =
          one.builder(25)
              .nonFinite(NonFinitePolicy.SKIP_COORDINATE)
              .threads(1)
              .build(List.of(new Parameter("a", weights)))) {
        float[] values = new float[600];
        for (int step = 0; step < 60; step++) {
          for (int i = 0; i < values.length; i++) {
            int which = step < 30 ? i : random.nextInt(ODD.length); // the same for a while
            values[i] = ODD[which % ODD.length];
          }
          Halves.set(gradient, values);
          StepReport report = optimizer.step(_ -> gradient);
          assertThat(report.skippedCoordinates()).isZero();
        }
        optimizer.save(file, SaveOptions.defaults().withWeights());
        optimizer.load(file, LoadOptions.strict().withWeights());
      }
    }
  }
}
