package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Null is refused at once, wherever it is passed, by the name of the argument. */
final class NullRefusalTest {
  private static final Tensor ONE = Tensor.of(new float[1], 1);

  static Stream<Arguments> values() {
    return Stream.of(
        refused("learningRate", () -> Adam.builder().learningRate(Null.<Schedule>of())),
        refused("learningRate", () -> Adafactor.builder().learningRate(Null.<Schedule>of())),
        refused("pattern", () -> Adam.builder().group(Null.of(), _ -> {})),
        refused("change", () -> Adam.builder().group("*", Null.of())),
        refused("transforms", () -> Adam.builder().transforms(Null.<GradientTransform[]>of())),
        refused("nonFinite", () -> Adam.builder().nonFinite(Null.of())),
        refused("listener", () -> Adam.builder().listener(Null.of())),
        refused("parameters", () -> Adam.builder().build(Null.of())),
        refused("shapes", () -> Adam.builder().plannedMemory(Null.of())),
        refused("maskSelection", () -> Adam.builder().maskSelection(Null.of())),
        refused("overlap", () -> Adam.builder().overlap(Null.of())),
        refused("moments", () -> Adam.builder().moments(Null.of())),
        refused("weightRounding", () -> Adam.builder().weightRounding(Null.of())),
        refused("weights", () -> Adam.builder().plannedMemory(Map.of(), Null.of())),
        refused("unselected", () -> Adam.builder().unselected(Null.of())),
        refused("maskedWeightDecay", () -> Adam.builder().maskedWeightDecay(Null.of())),
        refused("preset", () -> Spam.builder(Null.of())),
        refused("preset", () -> StableSpam.builder(Null.of())),
        refused("epsilonMode", () -> Spam.builder().epsilonMode(Null.of())),
        refused("weightDecayMode", () -> Spam.builder().weightDecayMode(Null.of())),
        refused("biasCorrection", () -> Spam.builder().biasCorrection(Null.of())),
        refused("zeroSecondMoment", () -> Spam.builder().zeroSecondMoment(Null.of())),
        refused("spikeAction", () -> Spam.builder().spikeAction(Null.of())),
        refused("spikeReference", () -> Spam.builder().spikeReference(Null.of())),
        refused("warmupCurve", () -> Spam.builder().warmupCurve(Null.of())),
        refused("partition", () -> AdamMini.builder(Null.<AdamMini.Partition>of())),
        refused("sampling", () -> MaskSelection.random(Null.of())),
        refused("sampling", () -> new MaskSelection.Random(Null.of())),
        refused("source", () -> MaskSelection.given(Null.of())),
        refused("source", () -> MaskSelection.givenByIterator(Null.of())),
        refused("source", () -> new MaskSelection.Given(Null.of())),
        refused("name", () -> new Parameter(Null.of(), ONE)),
        refused("weights", () -> new Parameter("w", Null.of())),
        refused("byName", () -> Gradients.of(Null.<Map<String, Tensor>>of())));
  }

  private static Arguments refused(String name, Runnable call) {
    return Arguments.of(name, call);
  }

  @ParameterizedTest
  @MethodSource("values")
  void null_isRefused(String name, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOf(NullPointerException.class)
        .hasMessage(name + " must not be null");
  }

  static Stream<Arguments> collections() {
    Map<String, long[]> shapes = new HashMap<>();
    shapes.put("w", null);
    Map<String, long[]> nameless = new HashMap<>();
    nameless.put(null, new long[0]);
    var some = GradientTransform.value(1);
    return Stream.of(
        refused("parameters", () -> Adam.builder().build(Arrays.asList((Parameter) null))),
        refused("transforms", () -> Adam.builder().transforms(some, Null.of())),
        refused("shapes", () -> Adam.builder().plannedMemory(shapes)),
        refused("shapes", () -> Adam.builder().plannedMemory(nameless)));
  }

  @ParameterizedTest
  @MethodSource("collections")
  void nullInside_isRefused(String name, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOf(NullPointerException.class)
        .hasMessage(name + " must not contain null");
  }

  static Stream<Arguments> methods() {
    return Stream.of(
        asked("gradients", optimizer -> optimizer.step(Null.of())),
        asked("parameter", optimizer -> optimizer.state(Null.of())),
        asked("parameter", optimizer -> optimizer.scalars(Null.of())),
        asked("parameter", optimizer -> optimizer.mask(Null.of())),
        asked("parameter", optimizer -> optimizer.firstMoment(Null.of())),
        asked("parameter", optimizer -> optimizer.secondMoment(Null.of())));
  }

  private static Arguments asked(String name, Consumer<Optimizer> call) {
    return Arguments.of(name, call);
  }

  @ParameterizedTest
  @MethodSource("methods")
  void null_isRefusedByAnOptimizer(String name, Consumer<Optimizer> call) {
    try (var run = new Runs(Spam.builder(), 1, 2)) {
      run.step(1, 1);
      Snapshot before = Snapshot.of(run.optimizer);
      assertThatThrownBy(() -> call.accept(run.optimizer))
          .isInstanceOf(NullPointerException.class)
          .hasMessage(name + " must not be null");
      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  @Test
  void nullInAGroup_isRefusedInBuild_andTheBuilderStaysUsable() {
    Function<Schedule, Optimizer> build =
        schedule ->
            Adam.builder()
                .group("w", group -> group.learningRate(schedule))
                .build(List.of(new Parameter("w", ONE)));
    assertThatThrownBy(() -> build.apply(Null.of()))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("learningRate must not be null");
    try (Optimizer optimizer = build.apply(Schedule.constant(1))) {
      assertThat(optimizer.stepCount()).isZero();
    }
  }

  @Test
  void learningRateThatIsNull_doesNotTurnTheRelativeStepOff() {
    var builder = Adafactor.builder();
    assertThatThrownBy(() -> builder.learningRate(Null.<Schedule>of()))
        .isInstanceOf(NullPointerException.class);
    try (Optimizer optimizer = builder.build(List.of(new Parameter("w", ONE)))) {
      assertThat(optimizer.step(_ -> null).learningRate()).isEqualTo(1e-2);
    }
  }
}
