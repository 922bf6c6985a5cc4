package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a save looks at is what it writes, and nothing that a run need not have. */
final class SavedWhatTest {
  @TempDir private Path folder;

  @Test
  void weightsThatAnotherThreadMakesNaN_areNeverInAFile() throws Exception {
    Path file = folder.resolve("run.safetensors");
    var stop = new AtomicBoolean();
    try (Arena arena = Arena.ofShared();
        Optimizer optimizer = build(weights(arena), Schedule.constant(0))) {
      Tensor weights = optimizer.parameters().getFirst().weights();
      optimizer.save(file, SaveOptions.defaults().withWeights());
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; !stop.get(); i++) {
                      float value = i % 2 == 0 ? Float.NaN : 1;
                      weights.memory().set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, value);
                    }
                  });
      try {
        for (int save = 0; save < 100; save++) {
          try {
            optimizer.save(file, SaveOptions.defaults().withWeights());
          } catch (IllegalStateException e) {
            assertThat(e).hasMessageContaining("parameter=w, state=weights, element=0, value=NaN");
          }
          try (Arena reading = Arena.ofConfined()) {
            Checkpoint saved = Checkpoint.open(file, reading);
            assertThat(saved.weights().firstEntry().getValue().getFloat(0)).isEqualTo(1);
          }
        }
      } finally {
        stop.set(true);
        writer.join();
      }
    }
  }

  @Test
  void largeTensor_isRefusedWithTheElementCountedFromItsStart() throws IOException {
    Path file = folder.resolve("run.safetensors");
    try (Arena arena = Arena.ofShared()) {
      Tensor weights = Tensor.allocate(arena, DType.F32, 3_000_001);
      try (Optimizer optimizer = build(weights, Schedule.constant(0))) {
        weights.memory().setAtIndex(ValueLayout.JAVA_FLOAT, 3_000_000, Float.NaN);
        assertThatThrownBy(() -> optimizer.save(file, SaveOptions.defaults().withWeights()))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageEndingWith("parameter=w, state=weights, element=3000000, value=NaN");
      }
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void scheduleThatEnds_isNotAskedForAStepThatIsNotDone() throws IOException {
    double[] table = {0.1, 0.2, 0.3};
    Schedule schedule = step -> table[(int) step];
    Path file = folder.resolve("run.safetensors");
    try (Arena arena = Arena.ofShared();
        Optimizer optimizer = build(weights(arena), schedule);
        Optimizer other = build(weights(arena), schedule)) {
      Gradients gradients = Gradients.of(Map.of("w", weights(arena)));
      optimizer.save(file);
      assertThat(rate(file)).isEqualTo("0.1");
      for (double next : new double[] {0.2, 0.3, 0.3}) { // of the latest step where none follows
        optimizer.step(gradients);
        optimizer.save(file);
        assertThat(rate(file)).isEqualTo(Double.toString(next));
        other.load(file);
      }
      assertThat(other.stepCount()).isEqualTo(3);
    }
  }

  private static String rate(Path file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      ParameterState saved = Checkpoint.open(file, arena).parameters().firstEntry().getValue();
      return String.valueOf(saved.hyperparameters().get("learningRate"));
    }
  }

  private static Tensor weights(Arena arena) {
    Tensor weights = Tensor.allocate(arena, DType.F32, 5);
    weights.memory().set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, 1);
    return weights;
  }

  private static Optimizer build(Tensor weights, Schedule learningRate) {
    return AdamW.builder()
        .threads(1)
        .learningRate(learningRate)
        .build(List.of(new Parameter("w", weights)));
  }
}
