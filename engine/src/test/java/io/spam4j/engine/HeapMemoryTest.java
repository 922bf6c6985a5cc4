package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights and gradients on the heap are updated like those outside of it, bit for bit. */
final class HeapMemoryTest {
  private static final int N = 2 * WorkPlan.UNIT + 1021;
  private static final int STEPS = 12;

  @ParameterizedTest(name = "weights on the heap {0}, gradient on the heap {1}, {2}")
  @CsvSource({
    "true, true, spam",
    "true, false, spam",
    "false, true, spam",
    "true, true, value first",
    "true, true, sparse"
  })
  void heapMemory_givesTheSameBits(boolean heapWeights, boolean heapGradient, String kind) {
    try (Arena arena = Arena.ofShared()) {
      Tensor expected = tensor(arena, false);
      Tensor actual = tensor(arena, heapWeights);
      fill(expected, 1);
      fill(actual, 1);
      try (var outside = builder(kind).build(List.of(new Parameter("w", expected)));
          var onHeap = builder(kind).build(List.of(new Parameter("w", actual)))) {
        Tensor plain = tensor(arena, false);
        Tensor other = tensor(arena, heapGradient);
        for (int step = 0; step < STEPS; step++) {
          fill(plain, 100 + step);
          fill(other, 100 + step);
          outside.step(_ -> plain);
          onHeap.step(_ -> other);
          assertThat(actual.memory().mismatch(expected.memory())).isEqualTo(-1);
          Snapshot.of(onHeap).assertSame(Snapshot.of(outside));
        }
        // for each of two threads blocks of four streams as float32, and of two of half the size
        assertThat(onHeap.memory().scratch() - outside.memory().scratch())
            .isEqualTo(
                2L
                    * ((4 * Float.BYTES + 2 * Short.BYTES) * StagedBlock.BLOCK
                        + 6 * StagedBlock.APART));
      }
    }
  }

  private static Spam.Builder builder(String kind) {
    var spam =
        Spam.builder()
            .threads(2)
            .stopAfterNonFinite(0) // every gradient has a NaN
            .spikeThreshold(20)
            .resetInterval(7)
            .spikeGraceSteps(2)
            .weightDecay(0.1);
    return switch (kind) {
      case "sparse" -> spam.density(0.5);
      case "value first" ->
          spam.transforms(GradientTransform.value(2), GradientTransform.globalNorm(10));
      default -> spam;
    };
  }

  private static Tensor tensor(Arena arena, boolean onHeap) {
    return onHeap ? Tensor.of(new float[N], N) : Tensor.allocate(arena, DType.F32, N);
  }

  private static void fill(Tensor tensor, long seed) {
    float[] values = Runs.draw(new Random(seed), N, 500);
    values[3] = Float.NaN;
    for (int i = 0; i < N; i++) {
      tensor.setFloat(i, values[i]);
    }
  }
}
