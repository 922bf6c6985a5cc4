package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights, gradients and state do not share memory, whatever hash their arrays have. */
final class OverlapTest {
  /** Two arrays of one identity hash: some tens of thousands have a pair. */
  private static List<float[]> pair() {
    Map<Integer, float[]> byHash = new HashMap<>();
    for (int i = 0; i < 5_000_000; i++) {
      float[] next = new float[8];
      float[] before = byHash.putIfAbsent(System.identityHashCode(next), next);
      if (before != null) {
        return List.of(before, next);
      }
    }
    throw new AssertionError("no pair");
  }

  private static Tensor view(float[] array, int from, int count) {
    MemorySegment whole = MemorySegment.ofArray(array);
    return Tensor.of(whole.asSlice(4L * from, 4L * count), DType.F32, count);
  }

  @Test
  void weightsThatOverlap_areFound_whereAnArrayOfTheSameHashLiesBetween() {
    List<float[]> pair = pair();
    List<Parameter> parameters =
        List.of(
            new Parameter("a", view(pair.get(0), 0, 4)),
            new Parameter("between", view(pair.get(1), 1, 2)),
            new Parameter("b", view(pair.get(0), 3, 3)));
    assertThatThrownBy(() -> Adam.builder().build(parameters))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("weights of two parameters must not overlap: parameters=a, b");
  }

  @Test
  void gradientThatOverlapsWeights_isFound_whereAnArrayOfTheSameHashLiesBetween() {
    List<float[]> pair = pair();
    List<Parameter> parameters =
        List.of(
            new Parameter("a", view(pair.get(0), 0, 4)),
            new Parameter("b", view(pair.get(1), 1, 2)),
            new Parameter("c", view(pair.get(1), 3, 1)));
    try (Optimizer optimizer = Adam.builder().build(parameters)) {
      Tensor bad = view(pair.get(0), 3, 4);
      assertThatThrownBy(() -> optimizer.step(name -> name.equals("a") ? bad : null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("gradient must not overlap weights: gradient=a, weights=a");
      Tensor good = view(pair.get(0), 4, 4);
      assertThatCode(() -> optimizer.step(name -> name.equals("a") ? good : null))
          .doesNotThrowAnyException();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"exp_avg", "exp_avg_sq"})
  void gradientThatIsState_isRefused(String state) {
    try (var run = new Runs(Spam.builder(), 1f, 2f)) {
      run.step(1, 1);
      int[] before = run.bits();
      Tensor own = run.state(state);
      for (Tensor gradient : List.of(own, Tensor.of(own.memory().asReadOnly(), DType.F32, 2))) {
        assertThatThrownBy(() -> run.optimizer.step(_ -> gradient))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage(
                "gradient must not be the optimizer's own memory, such as its state; copy it:"
                    + " gradient=w");
      }
      assertThat(run.bits()).isEqualTo(before);
    }
  }

  @Test
  void gradientThatIsStateOfSelectedWeights_isRefused_afterAReset() {
    float[] weights = new float[8];
    var builder = Spam.builder().density(0.5).resetInterval(2);
    try (var run = new Runs(builder, weights);
        Optimizer other =
            Adam.builder().build(List.of(new Parameter("w", Tensor.of(new float[4], 4))));
        Optimizer own =
            builder.build(
                List.of(
                    new Parameter("w", Tensor.of(new float[8], 8)),
                    new Parameter("v", Tensor.of(new float[4], 4))))) {
      for (int i = 0; i < 3; i++) {
        run.step(1, 1, 1, 1, 1, 1, 1, 1);
        own.step(_ -> null);
      }
      Tensor packed = own.firstMoment("w");
      assertThat(packed.elements()).isEqualTo(4);
      assertThatThrownBy(() -> own.step(name -> name.equals("v") ? packed : null))
          .hasMessageStartingWith("gradient must not be the optimizer's own memory");
      // Another optimizer's state is memory like any other.
      assertThatCode(() -> other.step(_ -> run.optimizer.firstMoment("w")))
          .doesNotThrowAnyException();
    }
  }
}
