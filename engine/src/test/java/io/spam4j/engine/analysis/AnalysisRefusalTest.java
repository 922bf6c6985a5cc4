package io.spam4j.engine.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.CountingArenas;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.Null;
import io.spam4j.engine.Parameter;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the analysis of gradients refuses; and that memory which runs out leaves counts as before.
 */
final class AnalysisRefusalTest {
  private static final List<Parameter> PARAMETERS =
      List.of(new Parameter("w", Tensor.of(new float[2], 2)));

  static Stream<Arguments> nulls() {
    return Stream.of(
        refused("parameters", () -> SpikeMonitor.of(Null.of())),
        refused("parameters", () -> SpikeMonitor.of(Null.of(), 50, 1)),
        refused("parameters", () -> GradientSpikeScore.of(Null.of(), 50)),
        refused("parameters", () -> GradientSpikeScore.census(Null.of(), List.of())),
        refused("shapes", () -> GradientSpikeScore.ofShapes(Null.of(), 50)),
        refused("run", () -> GradientSpikeScore.census(PARAMETERS, Null.of())),
        refused("parameter", () -> LayerKind.of(Null.of())),
        refused("tensors", () -> new SpikeCensus(50, 1, Null.of())),
        refused("kindOf", () -> new SpikeCensus(50, 1, List.of()).byKind(Null.of())));
  }

  private static Arguments refused(String name, Runnable call) {
    return Arguments.of(name, call);
  }

  @ParameterizedTest
  @MethodSource("nulls")
  void null_isRefused(String name, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOf(NullPointerException.class)
        .hasMessage(name + " must not be null");
  }

  @Test
  void nullInside_isRefused() {
    assertThatThrownBy(() -> SpikeMonitor.of(Arrays.asList((Parameter) null)))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("parameters must not contain null");
    Map<String, long[]> shapes = new HashMap<>();
    shapes.put("w", null);
    assertThatThrownBy(() -> GradientSpikeScore.ofShapes(shapes, 50))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("shapes must not contain null");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void threshold_isRefused(double bad) {
    assertThatThrownBy(() -> SpikeMonitor.of(PARAMETERS, bad, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("threshold must be positive and finite: threshold=" + bad);
    assertThatThrownBy(() -> GradientSpikeScore.ofShapes(Map.of("w", new long[] {1}), bad))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("threshold must be positive and finite: threshold=" + bad);
  }

  @Test
  void nullGradients_areRefused_andNothingIsCounted() {
    try (var monitor = SpikeMonitor.of(PARAMETERS);
        var score = GradientSpikeScore.of(PARAMETERS, 50)) {
      score.record(_ -> null);
      List<Runnable> calls =
          List.of(
              () -> monitor.observe(Null.of()),
              () -> score.record(Null.of()),
              () -> score.score(Null.of()));
      for (Runnable call : calls) {
        assertThatThrownBy(call::run)
            .isInstanceOf(NullPointerException.class)
            .hasMessage("gradients must not be null");
      }
      assertThatThrownBy(() -> score.meanMagnitude(Null.of(), 0))
          .isInstanceOf(NullPointerException.class)
          .hasMessage("parameter must not be null");
      assertThat(monitor.census().steps()).isZero();
      score.score(_ -> null);
      assertThat(score.census().steps()).isEqualTo(1);
    }
  }

  @Test
  void closedAnalysis_saysSo() {
    var monitor = SpikeMonitor.of(PARAMETERS);
    var score = GradientSpikeScore.of(PARAMETERS, 50);
    score.record(_ -> null);
    monitor.close();
    monitor.close();
    score.close();
    List<Runnable> calls =
        List.of(
            () -> monitor.observe(_ -> null),
            monitor::memoryBytes,
            () -> score.record(_ -> null),
            () -> score.score(_ -> null),
            () -> score.meanMagnitude("w", 0),
            score::memoryBytes);
    for (Runnable call : calls) {
      assertThatThrownBy(call::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the history must be open: it was closed");
    }
  }

  @Test
  void memory_isWhatTheArenaWasAskedFor_andNothingStaysOpenWithoutMemory() {
    Map<String, long[]> shapes = Map.of("a", new long[] {3}, "b", new long[] {2, 2});
    var arenas = new CountingArenas();
    for (int n = 1; n <= 3; n++) {
      arenas.failFrom(n);
      assertThatThrownBy(() -> new GradientHistory(shapes, 50, arenas))
          .isInstanceOf(OutOfMemoryError.class);
      assertThat(arenas.open()).isZero();
    }
    arenas.recover();
    try (var history = new GradientHistory(shapes, 50, arenas)) {
      assertThat(history.bytes()).isEqualTo(arenas.bytes()).isEqualTo(7 * 8);
    }
    assertThat(arenas.open()).isZero();
  }

  @Test
  void gradientThatIsNotFinite_withoutMemoryToCountIt_leavesTheSumsAsTheyWere() {
    Map<String, long[]> shapes = Map.of("a", new long[] {3});
    Gradients gradients = step(1, Float.NaN, 2);
    Consumer<GradientHistory> adds = history -> history.add(gradients);
    Consumer<GradientHistory> scores = history -> history.score(gradients, 2, 1, true);
    for (Consumer<GradientHistory> call : List.of(adds, scores)) {
      var arenas = new CountingArenas();
      try (var history = new GradientHistory(shapes, 50, arenas);
          var twin = new GradientHistory(shapes, 50)) {
        history.add(step(4, 5, 6));
        twin.add(step(4, 5, 6));
        arenas.failFrom(1);
        assertThatThrownBy(() -> call.accept(history)).isInstanceOf(OutOfMemoryError.class);
        arenas.recover();
        call.accept(history);
        call.accept(twin);
        for (int i = 0; i < 3; i++) {
          assertThat(history.meanMagnitude("a", i)).isEqualTo(twin.meanMagnitude("a", i));
        }
        assertThat(history.census(2)).isEqualTo(twin.census(2));
        assertThat(history.bytes()).isEqualTo(arenas.bytes());
      }
    }
  }

  private static Gradients step(float... values) {
    return _ -> Tensor.of(values, values.length);
  }
}
