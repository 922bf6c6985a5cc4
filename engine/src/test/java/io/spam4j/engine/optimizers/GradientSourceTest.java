package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.CountingArenas;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Runs;
import io.spam4j.engine.Snapshot;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What gradients may do: come and go, share memory, be read-only; and one step at a time. */
final class GradientSourceTest {
  private static final int N = 50;

  private static List<Parameter> parameters(String... names) {
    return Stream.of(names)
        .map(name -> new Parameter(name, Tensor.of(values(name.hashCode()), N)))
        .toList();
  }

  private static float[] values(long seed) {
    return Runs.draw(new Random(seed), N, 10);
  }

  private static Tensor gradient(long seed) {
    return Tensor.of(values(seed), N);
  }

  /** Optimizers that treat each tensor by itself, whatever the number of the step. */
  static Stream<OptimizerCase> optimizers() {
    return OptimizerCases.floats().filter(one -> !one.has(Trait.COUPLED) && !one.has(Trait.ROUNDS));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void gradientThatComesAndGoes_countsForItsOwnTensorOnly(OptimizerCase one) {
    try (Optimizer both = one.builder(0).build(parameters("always", "rare"));
        Optimizer alone = one.builder(0).build(parameters("rare"))) {
      for (int t = 0; t < 9; t++) {
        Tensor always = gradient(t);
        Tensor rare = gradient(100 + t);
        boolean present = t % 3 == 1;
        both.step(name -> name.equals("always") ? always : present ? rare : null);
        if (present) {
          alone.step(_ -> rare);
        }
      }
      both.state("rare")
          .forEach(
              (name, tensor) ->
                  assertThat(tensor.memory().mismatch(tensorOf(alone, name))).isEqualTo(-1));
      assertThat(both.scalars("rare")).isEqualTo(alone.scalars("rare"));
      Snapshot.assertSame(
          both.parameters().getLast().weights().toFloats(),
          alone.parameters().getLast().weights().toFloats());
    }
  }

  private static MemorySegment tensorOf(Optimizer optimizer, String state) {
    Tensor tensor = optimizer.state("rare").get(state);
    assertThat(tensor).isNotNull();
    return tensor == null ? MemorySegment.NULL : tensor.memory();
  }

  @Test
  void gradientsThatShareMemory_areLikeCopies() {
    try (Optimizer shared = Adam.builder().build(parameters("a", "b"));
        Optimizer copies = Adam.builder().build(parameters("a", "b"))) {
      for (int t = 0; t < 3; t++) {
        Tensor one = gradient(t);
        shared.step(_ -> one);
        long seed = t;
        copies.step(_ -> gradient(seed));
      }
      Snapshot.of(shared).assertSame(Snapshot.of(copies));
    }
  }

  @Test
  void readOnlyGradients_areTaken_andNeverWrittenTo() {
    float[] values = values(3);
    Tensor readOnly = Tensor.of(MemorySegment.ofArray(values).asReadOnly(), DType.F32, N);
    try (Optimizer optimizer =
            Adam.builder().transforms(GradientTransform.value(0.1)).build(parameters("a"));
        Optimizer twin =
            Adam.builder().transforms(GradientTransform.value(0.1)).build(parameters("a"))) {
      optimizer.step(_ -> readOnly);
      twin.step(_ -> gradient(3));
      Snapshot.of(optimizer).assertSame(Snapshot.of(twin));
      Snapshot.assertSame(values, values(3));
    }
  }

  @Test
  void weightsInAClosedArena_areRefusedInBuild() {
    Tensor weights;
    try (var arena = Arena.ofShared()) {
      weights = Tensor.allocate(arena, DType.F32, 2);
    }
    var parameters = List.of(new Parameter("w", weights));
    assertThatThrownBy(() -> Adam.builder().build(parameters))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("weights must be alive, but their arena was closed: parameter=w");
  }

  @Test
  void stepWhileAnotherRuns_isRefused_andSoIsClosing() throws InterruptedException {
    var inside = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    try (Optimizer optimizer = Adam.builder().build(parameters("a"));
        Optimizer twin = Adam.builder().build(parameters("a"))) {
      var stepping =
          new Thread(
              () ->
                  optimizer.step(
                      _ -> {
                        inside.countDown();
                        try {
                          go.await();
                        } catch (InterruptedException e) {
                          throw new IllegalStateException(e);
                        }
                        return gradient(1);
                      }));
      stepping.setDaemon(true); // so that a failure does not wait for it
      stepping.start();
      inside.await();
      assertThatThrownBy(() -> optimizer.step(_ -> gradient(2)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "an optimizer must do one step at a time, and one of its steps is running; wait"
                  + " until it returns: optimizer=adam");
      assertThatThrownBy(optimizer::close)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "an optimizer must not be closed during a step, and one of its steps is running;"
                  + " wait until it returns: optimizer=adam");
      go.countDown();
      stepping.join();
      twin.step(_ -> gradient(1));
      Snapshot.of(optimizer).assertSame(Snapshot.of(twin));
    }
  }

  @Test
  void partitionThatFails_leavesNothingOpen() {
    var arenas = new CountingArenas();
    var builder =
        AdamMini.builder(
                (name, _) -> {
                  if (name.equals("b")) {
                    throw new IllegalStateException("unknown layer");
                  }
                  return 1;
                })
            .arenas(arenas);
    assertThatThrownBy(() -> builder.build(parameters("a", "b"))).hasMessage("unknown layer");
    assertThat(arenas.open()).isZero();
  }
}
