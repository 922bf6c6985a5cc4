package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A step that is refused, at any time, changes nothing: after it the optimizer goes on like a twin
 * that never saw it.
 */
final class BadStepTest {
  private static final int N = 40;
  private static final int STEPS = 6;

  /** An optimizer of two parameters whose callbacks fail as they are told to. */
  static final class Bench implements AutoCloseable {
    final float[] a = draw(1);
    final float[] b = draw(2);
    final Arena closed = Arena.ofShared();
    final Arena confined = Arena.ofConfined();
    final Tensor dead = Tensor.allocate(closed, DType.F32, N);
    final Optimizer optimizer;
    Schedule schedule = _ -> 0.01;
    MaskSelection.@Nullable Source source;

    Bench(boolean sparse) {
      closed.close();
      Schedule ofB = step -> schedule.at(step);
      var builder =
          Spam.builder()
              .resetInterval(1)
              .spikeGraceSteps(0)
              .threads(2)
              .learningRate(step -> 0.01 / (step + 1))
              .nonFinite(NonFinitePolicy.THROW)
              .transforms(GradientTransform.adaClip(), GradientTransform.zClip())
              .group("b", group -> group.learningRate(ofB));
      if (sparse) {
        builder.density(0.5).overlap(MomentOverlap.KEEP);
        builder.maskSelection(
            MaskSelection.given(
                (name, interval) -> {
                  MaskSelection.Source bad = source;
                  return bad != null && name.equals("b")
                      ? bad.positions(name, interval)
                      : LongStream.range(interval, 2 * interval + 3).toArray();
                }));
      }
      optimizer =
          builder.build(
              List.of(new Parameter("a", Tensor.of(a, N)), new Parameter("b", Tensor.of(b, 8, 5))));
    }

    static float[] draw(long seed) {
      return Runs.draw(new Random(seed), N, 10);
    }

    /** A step with good gradients. */
    StepReport step(long seed) {
      Tensor ofA = Tensor.of(draw(seed), N);
      Tensor ofB = Tensor.of(draw(seed + 1000), 8, 5);
      return optimizer.step(name -> name.equals("a") ? ofA : ofB);
    }

    /** A step whose second gradient is this. */
    void step(Tensor ofB) {
      Tensor ofA = Tensor.of(draw(7), N);
      optimizer.step(name -> name.equals("a") ? ofA : ofB);
    }

    @Override
    public void close() {
      confined.close();
      optimizer.close();
    }
  }

  static Stream<Arguments> gradients() {
    return Stream.of(
        bad(
            IllegalStateException.class,
            "no such file",
            bench ->
                bench.optimizer.step(
                    name -> {
                      if (name.equals("b")) {
                        throw new IllegalStateException("no such file");
                      }
                      return Tensor.of(Bench.draw(9), N);
                    })),
        bad(
            IllegalArgumentException.class,
            "gradient must be F32 or BF16: parameter=b, dtype=I32",
            bench -> bench.step(Tensor.of(MemorySegment.ofArray(new int[N]), DType.I32, 8, 5))),
        bad(
            IllegalArgumentException.class,
            "gradient shape must equal weight shape: parameter=b, gradient=[40], weight=[8, 5]",
            bench -> bench.step(Tensor.of(new float[N], N))),
        bad(
            IllegalArgumentException.class,
            "gradient must not overlap weights: gradient=b, weights=b",
            bench -> bench.step(Tensor.of(bench.b, 8, 5))),
        bad(
            IllegalArgumentException.class,
            "gradient must not overlap weights: gradient=b, weights=a",
            bench -> bench.step(Tensor.of(bench.a, 8, 5))),
        bad(
            IllegalArgumentException.class,
            "gradient must not overlap weights: gradient=b, weights=a",
            bench ->
                bench.step(
                    Tensor.of(MemorySegment.ofArray(bench.a).asReadOnly(), DType.F32, 8, 5))),
        bad(
            IllegalArgumentException.class,
            "gradient must lie in memory that all threads may use; allocate in Arena.ofShared(), or"
                + " build with threads(1) and step on the arena's thread: parameter=b",
            bench -> bench.step(Tensor.allocate(bench.confined, DType.F32, 8, 5))),
        bad(
            IllegalArgumentException.class,
            "gradient shape must equal weight shape: parameter=b, gradient=[0, 5], weight=[8, 5]",
            bench -> bench.step(Tensor.of(new float[0], 0, 5))),
        bad(
            IllegalStateException.class,
            "gradient must be alive, but their arena was closed: parameter=a",
            bench -> bench.optimizer.step(_ -> bench.dead)),
        bad(
            NonFiniteGradientException.class,
            null, // has the number of the step
            bench -> bench.step(notFinite())),
        bad(
            NullPointerException.class,
            "gradients must not be null",
            bench -> bench.optimizer.step(Null.of())),
        bad(
            IllegalStateException.class,
            "an optimizer must do one step at a time, and one of its steps is running; wait until"
                + " it returns: optimizer=spam",
            bench ->
                bench.optimizer.step(
                    _ -> {
                      bench.step(8);
                      return null;
                    })),
        bad(
            IllegalStateException.class,
            "an optimizer must not be closed during a step, and one of its steps is running; wait"
                + " until it returns: optimizer=spam",
            bench ->
                bench.optimizer.step(
                    _ -> {
                      bench.optimizer.close();
                      return null;
                    })));
  }

  private static Tensor notFinite() {
    float[] values = Bench.draw(5);
    values[3] = Float.NaN;
    return Tensor.of(values, 8, 5);
  }

  static Stream<Arguments> schedules() {
    Stream<Arguments> values =
        Stream.of(Double.NaN, -1e-9, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY)
            .map(
                value ->
                    bad(
                        IllegalArgumentException.class,
                        null, // has the number of the step
                        bench -> {
                          bench.schedule = _ -> value;
                          bench.step(6);
                        }));
    Arguments failure =
        bad(
            IllegalStateException.class,
            "no rates yet",
            bench -> {
              bench.schedule =
                  _ -> {
                    throw new IllegalStateException("no rates yet");
                  };
              bench.step(6);
            });
    return Stream.concat(values, Stream.of(failure));
  }

  private static Arguments bad(
      Class<? extends Exception> type, @Nullable String message, Consumer<Bench> call) {
    return Arguments.of(type, message, call);
  }

  @ParameterizedTest
  @MethodSource({"gradients", "schedules"})
  void badStep_changesNothing(
      Class<? extends Exception> type, @Nullable String message, Consumer<Bench> call) {
    for (boolean sparse : new boolean[] {true, false}) {
      assertUnharmed(sparse, type, message, call);
    }
  }

  static Stream<Arguments> selections() {
    return Stream.of(
        selection("positions must ascend: index=1, position=2, previous=3", 3, 2),
        selection("positions must ascend: index=1, position=3, previous=3", 3, 3),
        selection("position must be in [0, elements): index=1, position=40, elements=40", 0, 40),
        selection("position must be in [0, elements): index=0, position=-1, elements=40", -1, 0),
        selection(
            "a source of selections must give positions, none is an empty array",
            Null.<long[]>of()));
  }

  private static Arguments selection(String message, long... positions) {
    return Arguments.of(message, positions);
  }

  @ParameterizedTest
  @MethodSource("selections")
  void badSelection_changesNothing(String message, long @Nullable [] positions) {
    assertUnharmed(
        true,
        IllegalArgumentException.class,
        null,
        bench -> {
          bench.source = (_, _) -> positions == null ? Null.of() : positions;
          long interval = bench.optimizer.stepCount() + 1;
          String where = "parameter=b, interval=" + interval;
          String separator = positions == null ? ": " : ", ";
          assertThatThrownBy(() -> bench.step(6)).hasMessage(message + separator + where);
          bench.step(6);
        });
  }

  private static void assertUnharmed(
      boolean sparse,
      Class<? extends Exception> type,
      @Nullable String message,
      Consumer<Bench> call) {
    try (var bench = new Bench(sparse);
        var twin = new Bench(sparse)) {
      StepReport report = bench.step(99);
      twin.step(99);
      for (int t = 0; t < STEPS; t++) {
        Snapshot before = Snapshot.of(bench.optimizer);
        String reported = Snapshot.text(report);
        MemoryReport memory = bench.optimizer.memory();
        var refusal = assertThatThrownBy(() -> call.accept(bench)).isInstanceOf(type);
        if (message != null) {
          refusal.hasMessage(message);
        }
        Snapshot.of(bench.optimizer).assertSame(before);
        assertThat(Snapshot.text(report)).isEqualTo(reported);
        assertThat(bench.optimizer.memory()).isEqualTo(memory);
        assertThat(bench.optimizer.stepCount()).isEqualTo(t + 1);
        bench.schedule = _ -> 0.01;
        bench.source = null;
        bench.step(t);
        twin.step(t);
        Snapshot.of(bench.optimizer).assertSame(Snapshot.of(twin.optimizer));
      }
    }
  }
}
