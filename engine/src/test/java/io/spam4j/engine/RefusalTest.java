package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What builders and steps refuse, with the whole message; a refused step changes nothing. */
final class RefusalTest {
  private static Parameter parameter(String name, int n) {
    return new Parameter(name, Tensor.of(new float[n], n));
  }

  private static Optimizer built(OptimizerBuilder<?> builder) {
    return builder.build(List.of(parameter("w", 2)));
  }

  static Stream<Arguments> refusals() {
    float[] shared = new float[4];
    MemorySegment whole = MemorySegment.ofArray(shared);
    return Stream.of(
        refusal(
            () -> built(Spam.builder().learningRate(-1)),
            "learningRate must be finite and not negative: learningRate=-1.0"),
        refusal(
            () -> built(Spam.builder().learningRate(Double.NaN)),
            "learningRate must be finite and not negative: learningRate=NaN"),
        refusal(() -> built(Adam.builder().betas(1, 0.999)), "beta1 must be in [0, 1): beta1=1.0"),
        refusal(
            () -> built(Adam.builder().betas(0.9, -0.1)), "beta2 must be in [0, 1): beta2=-0.1"),
        refusal(
            () -> built(AdamW.builder().epsilon(-1e-8)),
            "epsilon must be finite and not negative: epsilon=-1.0E-8"),
        refusal(
            () -> built(AdamW.builder().weightDecay(Double.POSITIVE_INFINITY)),
            "weightDecay must be finite and not negative: weightDecay=Infinity"),
        refusal(
            () -> built(Spam.builder().spikeThreshold(-5)),
            "spikeThreshold must be finite and not negative: spikeThreshold=-5.0"),
        refusal(
            () -> built(Spam.builder().resetInterval(-1)),
            "resetInterval must not be negative: resetInterval=-1"),
        refusal(() -> built(Spam.builder().threads(0)), "threads must be positive: threads=0"),
        refusal(
            () -> built(Spam.builder().group("mlp.*", g -> g.weightDecay(0))),
            "group must match a parameter: pattern=mlp.*, parameters=[w]"),
        refusal(
            () -> built(Spam.builder().group("w", g -> g.weightDecay(-1))),
            "weightDecay must be finite and not negative: weightDecay=-1.0"),
        refusal(
            () -> built(Spam.builder().transforms(GradientTransform.globalNorm(0))),
            "maxNorm must be positive and finite: maxNorm=0.0"),
        refusal(
            () -> built(Spam.builder().transforms(GradientTransform.value(-1))),
            "limit must be positive and finite: limit=-1.0"),
        refusal(
            () -> Spam.builder().build(List.of()), "an optimizer needs parameters: parameters=[]"),
        refusal(
            () -> Spam.builder().build(List.of(parameter("a", 1), parameter("a", 2))),
            "parameter names must be unique: name=a"),
        refusal(
            () ->
                Spam.builder()
                    .build(
                        List.of(
                            new Parameter("a", Tensor.of(whole.asSlice(0, 12), DType.F32, 3)),
                            new Parameter("b", Tensor.of(whole.asSlice(8, 8), DType.F32, 2)))),
            "weights of two parameters must not overlap: parameters=a, b"),
        refusal(() -> parameter("", 1), "parameter name must not be empty: name="),
        refusal(() -> parameter("e", 0), "weights must have elements: parameter=e, shape=[0]"),
        refusal(
            () -> new Parameter("i", Tensor.of(MemorySegment.ofArray(new int[2]), DType.I32, 2)),
            "weights must be F32 or BF16: parameter=i, dtype=I32"),
        refusal(
            () -> new Parameter("r", Tensor.of(whole.asReadOnly(), DType.F32, 4)),
            "weights must be writable: parameter=r"),
        refusal(
            () -> Schedule.warmupCosine(1, 10, 10, 0.1),
            "totalSteps must exceed warmupSteps: totalSteps=10, warmupSteps=10"),
        refusal(
            () -> Schedule.warmupCosine(1, 0, 10, 1.5),
            "finalFraction must be in [0, 1]: finalFraction=1.5"));
  }

  private static Arguments refusal(Supplier<Object> call, String message) {
    return Arguments.of(message, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refusals")
  void value_isRefused(String message, Supplier<Object> call) {
    assertThatThrownBy(call::get).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  @Test
  void confinedWeights_areRefusedWithSeveralThreads() {
    try (var arena = Arena.ofConfined()) {
      var weights = new Parameter("w", Tensor.allocate(arena, DType.F32, 2));
      assertThatThrownBy(() -> Spam.builder().threads(2).build(List.of(weights)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "weights must lie in memory that all threads may use; allocate in Arena.ofShared(),"
                  + " or build with threads(1) and step on the arena's thread: parameter=w");
    }
  }

  @Test
  void stepOnAnotherThreadThanTheArenas_isRefused_beforeAnythingChanges()
      throws InterruptedException {
    try (var arena = Arena.ofConfined()) {
      Tensor open = Tensor.of(new float[] {1}, 1);
      Tensor confined = Tensor.allocate(arena, DType.F32, 1);
      Tensor gradient = Tensor.of(new float[] {1}, 1);
      var parameters = List.of(new Parameter("a", open), new Parameter("b", confined));
      try (Optimizer optimizer = Adam.builder().threads(1).build(parameters)) {
        var refusal = new AtomicReference<String>();
        var other =
            new Thread(
                () -> {
                  try {
                    optimizer.step(_ -> gradient);
                  } catch (IllegalArgumentException e) {
                    refusal.set(String.valueOf(e.getMessage()));
                  }
                });
        other.start();
        other.join();
        assertThat(refusal.get())
            .isEqualTo(
                "weights must lie in memory that all threads may use; allocate in"
                    + " Arena.ofShared(), or build with threads(1) and step on the arena's"
                    + " thread: parameter=b");
        assertThat(open.getFloat(0)).isEqualTo(1);
        assertThat(optimizer.stepCount()).isEqualTo(0);
      }
    }
  }

  @Test
  void unknownParameter_isRefused() {
    try (var run = new Runs(Adam.builder(), 1f)) {
      assertThatThrownBy(() -> run.optimizer.firstMoment("x"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("no such parameter: name=x, names=[w]");
    }
  }

  @Test
  void badGradients_areRefused_andTheStateIsWhatItWas() {
    var closed = Arena.ofShared();
    Tensor dead = Tensor.allocate(closed, DType.F32, 2);
    closed.close();
    try (var run = new Runs(Spam.builder().threads(2), 1f, 2f);
        var confined = Arena.ofConfined()) {
      run.step(1, 1);
      int[] before = run.bits();
      Tensor own = run.optimizer.parameters().getFirst().weights();
      assertRefused(
          run,
          Tensor.of(new float[3], 3),
          IllegalArgumentException.class,
          "gradient shape must equal weight shape: parameter=w, gradient=[3], weight=[2]");
      assertRefused(
          run,
          Tensor.of(MemorySegment.ofArray(new int[2]), DType.I32, 2),
          IllegalArgumentException.class,
          "gradient must be F32 or BF16: parameter=w, dtype=I32");
      assertRefused(
          run,
          own,
          IllegalArgumentException.class,
          "gradient must not overlap weights: gradient=w, weights=w");
      assertRefused(
          run,
          Tensor.allocate(confined, DType.F32, 2),
          IllegalArgumentException.class,
          "gradient must lie in memory that all threads may use; allocate in Arena.ofShared(), or"
              + " build with threads(1) and step on the arena's thread: parameter=w");
      assertRefused(
          run,
          dead,
          IllegalStateException.class,
          "gradient must be alive, but their arena was closed: parameter=w");
      assertThat(run.bits()).isEqualTo(before);
      assertThat(run.optimizer.stepCount()).isEqualTo(1);
    }
  }

  private static void assertRefused(
      Runs run, Tensor gradient, Class<? extends Exception> type, String message) {
    assertThatThrownBy(() -> run.optimizer.step(_ -> gradient))
        .isInstanceOf(type)
        .hasMessage(message);
  }

  @Test
  void scheduleThatFails_changesNothing() {
    Schedule broken = step -> step == 1 ? Double.NaN : 1e-3;
    try (var run = new Runs(Spam.builder().learningRate(broken), 1f)) {
      run.step(1);
      int[] before = run.bits();
      assertThatThrownBy(() -> run.step(1))
          .hasMessage(
              "a schedule must give finite learning rates, not negative: learningRate=NaN, step=1,"
                  + " parameter=w");
      assertThat(run.bits()).isEqualTo(before);
      assertThat(run.optimizer.stepCount()).isEqualTo(1);
    }
  }

  @Test
  void freedWeights_areRefused() {
    var arena = Arena.ofShared();
    var weights = Tensor.allocate(arena, DType.F32, 2);
    try (var optimizer = Adam.builder().build(List.of(new Parameter("w", weights)))) {
      arena.close();
      assertThatThrownBy(() -> optimizer.step(_ -> Tensor.of(new float[2], 2)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("weights must be alive, but their arena was closed: parameter=w");
    }
  }
}
