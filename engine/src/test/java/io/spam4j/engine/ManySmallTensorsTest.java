package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Many small tensors, which outside the heap are updated together and on the heap one by one: the
 * same weights, state and reports, bit for bit, whatever the gradients are and whoever lacks one.
 */
@Tag("kernel")
final class ManySmallTensorsTest {
  private static final int TENSORS = 30;
  private static final int STEPS = 7;
  private static final int RESET = 5;

  static Stream<OptimizerCase> cases() {
    return OptimizerCases.floats().filter(one -> one.has(Trait.FAMILY) && !one.has(Trait.SPARSE));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void together_isAsOneByOne(OptimizerCase one) {
    for (int seed = 1; seed <= 3; seed++) {
      int threads = seed;
      compare(() -> one.builder(RESET).threads(threads), seed, one.has(Trait.THROWS));
    }
  }

  @ParameterizedTest
  @MethodSource("groups")
  void groups_areAsOneByOne(int seed) {
    compare(
        () ->
            Spam.builder()
                .resetInterval(RESET)
                .rewarmSteps(2)
                .spikeGraceSteps(1)
                .spikeThreshold(8)
                .threads(seed % 3 + 1)
                .group("*3", group -> group.weightDecay(0.1))
                .group("*7", group -> group.learningRate(0.01))
                .group("*5", group -> group.betas(0.8, 0.99)),
        seed,
        /* isFinite= */ false);
  }

  static Stream<Integer> groups() {
    return Stream.iterate(10, seed -> seed + 1).limit(6);
  }

  private interface Settings {
    OptimizerBuilder<?> get();
  }

  private static void compare(Settings settings, int seed, boolean isFinite) {
    var random = new Random(seed);
    try (Arena arena = Arena.ofShared()) {
      List<Parameter> outside = new ArrayList<>();
      List<Parameter> onHeap = new ArrayList<>();
      for (int i = 0; i < TENSORS; i++) {
        int n = 1 + random.nextInt(new int[] {3, 40, 300, 2000, 20_000}[random.nextInt(17) / 4]);
        float[] values = Runs.draw(random, n, 1_000_000);
        outside.add(new Parameter("a" + i, copy(arena, values)));
        onHeap.add(new Parameter("a" + i, Tensor.of(values, n)));
      }
      try (Optimizer together = settings.get().stopAfterNonFinite(0).build(outside);
          Optimizer apart = settings.get().stopAfterNonFinite(0).build(onHeap)) {
        for (int step = 0; step < STEPS; step++) {
          List<@Nullable Tensor> gradients = draw(arena, outside, random, isFinite);
          String actual = text(together.step(Gradients.byIndex(gradients)));
          assertThat(actual).isEqualTo(text(apart.step(named(gradients))));
          Snapshot.of(together).assertSame(Snapshot.of(apart));
        }
      }
    }
  }

  /** At every third step all are usual, so that tensors are updated in long runs too. */
  private static List<@Nullable Tensor> draw(
      Arena arena, List<Parameter> parameters, Random random, boolean isFinite) {
    boolean isUsual = random.nextInt(3) == 0;
    List<@Nullable Tensor> gradients = new ArrayList<>();
    for (Parameter parameter : parameters) {
      int n = (int) parameter.weights().elements();
      float[] values = Runs.draw(random, n, isUsual ? 1_000_000 : 300);
      if (!isUsual && !isFinite && random.nextInt(8) == 0) {
        values[random.nextInt(n)] = random.nextBoolean() ? Float.NaN : Float.NEGATIVE_INFINITY;
      }
      boolean isMissing = !isUsual && random.nextInt(10) == 0;
      gradients.add(isMissing ? null : copy(arena, values));
    }
    return gradients;
  }

  private static Gradients named(List<@Nullable Tensor> gradients) {
    Map<String, Tensor> byName = new HashMap<>();
    for (int i = 0; i < gradients.size(); i++) {
      Tensor gradient = gradients.get(i);
      if (gradient != null) {
        byName.put("a" + i, gradient);
      }
    }
    return Gradients.of(Collections.unmodifiableMap(byName));
  }

  private static Tensor copy(Arena arena, float[] values) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, values.length);
    tensor.memory().copyFrom(MemorySegment.ofArray(values));
    return tensor;
  }

  private static String text(StepReport report) {
    return Snapshot.text(report).replaceAll("nanos=[0-9]+", "");
  }
}
