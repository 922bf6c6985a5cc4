package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights of a framework that says when they are no longer where the optimizer has them. */
final class MovedWeightsTest {
  @TempDir private Path folder;

  private final Tensor first = Tensor.of(new float[] {1}, 1);
  private final Tensor second = Tensor.of(new float[] {1}, 1);
  private final Map<String, Tensor> gradients =
      new HashMap<>(Map.of("first", Tensor.of(new float[] {1}, 1)));
  private boolean moved;

  private Optimizer build() {
    gradients.put("second", Tensor.of(new float[] {1}, 1));
    Runnable check =
        () -> {
          if (moved) {
            throw new IllegalStateException("weights must stay: parameter=second");
          }
        };
    return AdamW.builder()
        .build(List.of(new Parameter("first", first), new Parameter("second", second, check)));
  }

  private static void assertRefused(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("weights must stay: parameter=second");
  }

  @Test
  void step_withAGradientOfThem_isRefusedBeforeAnythingChanges() {
    try (Optimizer optimizer = build()) {
      moved = true;
      assertRefused(() -> optimizer.step(Gradients.of(gradients)));
      assertThat(optimizer.stepCount()).isZero();
      assertThat(first.toFloats()).containsExactly(1);
      gradients.remove("second");
      optimizer.step(Gradients.of(gradients));
      assertThat(first.toFloats()[0]).isLessThan(1);
    }
  }

  @Test
  void reset_thatSelectsByThem_isRefusedWithoutAGradient() {
    Runnable check =
        () -> {
          if (moved) {
            throw new IllegalStateException("weights must stay: parameter=second");
          }
        };
    Spam.Builder builder =
        Spam.builder()
            .resetInterval(2)
            .rewarmSteps(0)
            .density(0.5)
            .maskSelection(MaskSelection.largestWeights());
    Gradients ofFirst = name -> name.equals("first") ? Tensor.of(new float[] {1}, 1) : null;
    try (Optimizer optimizer =
        builder.build(
            List.of(new Parameter("first", first), new Parameter("second", second, check)))) {
      moved = true;
      optimizer.step(ofFirst);
      float before = first.toFloats()[0];
      assertRefused(() -> optimizer.step(ofFirst));
      assertThat(optimizer.stepCount()).isEqualTo(1);
      assertThat(first.toFloats()).containsExactly(before);
      moved = false;
      optimizer.step(ofFirst);
      assertThat(optimizer.stepCount()).isEqualTo(2);
      moved = true;
      assertRefused(
          () ->
              builder.build(
                  List.of(new Parameter("first", first), new Parameter("second", second, check))));
    }
  }

  @Test
  void saveAndLoad_withWeights_areRefused() throws IOException {
    Path file = folder.resolve("run.safetensors");
    try (Optimizer optimizer = build()) {
      optimizer.save(file, SaveOptions.defaults().withWeights());
      moved = true;
      assertRefused(() -> optimizer.save(file, SaveOptions.defaults().withWeights()));
      assertRefused(() -> optimizer.load(file, LoadOptions.strict().withWeights()));
      optimizer.save(file);
      optimizer.load(file);
      assertThat(second.toFloats()).containsExactly(1);
    }
  }
}
