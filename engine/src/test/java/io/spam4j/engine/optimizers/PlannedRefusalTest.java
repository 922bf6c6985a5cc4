package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NoCopies;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Settings that do not go together: refused in every way to use them, before memory is taken. */
final class PlannedRefusalTest {
  private static final Map<String, long[]> SHAPES = Map.of("w", new long[] {8});

  private static Arena none() {
    throw new AssertionError("memory was taken");
  }

  static Stream<Arguments> refusals() {
    String moved =
        "weights must be F32 where all of them move or the largest are selected: parameter=w,"
            + " dtype=BF16, unselected=%s, maskedWeightDecay=%s, maskSelection=%s";
    String kept =
        "moments must not be INT8 where a reset leaves some of them; use BF16: parameter=w,"
            + " overlap=%s, resetsMissingGradients=%s";
    String plain =
        "moments must be F32 with amsgrad and with GAUSSIAN: moments=%s, amsgrad=%s,"
            + " spikeAction=%s";
    return Stream.of(
        Arguments.of(
            sparse().moments(MomentFormat.INT8).overlap(MomentOverlap.KEEP),
            DType.F32,
            kept.formatted("KEEP", true)),
        Arguments.of(
            Spam.builder(Spam.Preset.REFERENCE).density(0.5).moments(MomentFormat.INT8),
            DType.F32,
            kept.formatted("RESET", false)),
        Arguments.of(
            sparse().unselected(UnselectedWeights.SGD),
            DType.BF16,
            moved.formatted("SGD", "SELECTED", MaskSelection.random())),
        Arguments.of(
            sparse().maskedWeightDecay(MaskedWeightDecay.ALL),
            DType.BF16,
            moved.formatted("FROZEN", "ALL", MaskSelection.random())),
        Arguments.of(
            sparse().maskSelection(MaskSelection.largestWeights()),
            DType.BF16,
            moved.formatted("FROZEN", "SELECTED", MaskSelection.largestWeights())),
        Arguments.of(
            StableSpam.builder(StableSpam.Preset.REFERENCE).density(0.5),
            DType.F32,
            "density must be 1 where resets come after the update, as in the authors' Stable-SPAM;"
                + " use another preset: parameter=w, density=0.5"),
        Arguments.of(
            Adam.builder().transforms(GradientTransform.agc()),
            DType.BF16,
            "weights must be F32 for the transform agc: parameter=w, dtype=BF16"),
        Arguments.of(
            Adam.builder().amsgrad(true).moments(MomentFormat.BF16),
            DType.F32,
            plain.formatted("BF16", true, "CLIP")),
        Arguments.of(
            Spam.builder().spikeAction(SpikeAction.GAUSSIAN).moments(MomentFormat.INT8),
            DType.F32,
            plain.formatted("INT8", false, "GAUSSIAN")),
        Arguments.of(
            Adafactor.builder(),
            DType.BF16,
            "weights must be F32 for optimizers that have no form for BF16: optimizer=adafactor,"
                + " parameter=w, dtype=BF16"),
        Arguments.of(
            Spam.builder().resetInterval(-1),
            DType.F32,
            "resetInterval must not be negative: resetInterval=-1"),
        Arguments.of(
            Adam.builder().stopAfterNonFinite(-1),
            DType.F32,
            "stopAfterNonFinite must not be negative: stopAfterNonFinite=-1"));
  }

  private static Spam.Builder sparse() {
    return Spam.builder().density(0.5);
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("refusals")
  void combination_isRefusedByBuild(OptimizerBuilder<?> builder, DType weights, String message) {
    builder.arenas(PlannedRefusalTest::none);
    var memory = MemorySegment.ofArray(new byte[(int) weights.bytes(8)]);
    var parameter = new Parameter("w", Tensor.of(memory, weights, 8));
    assertThatThrownBy(() -> builder.build(List.of(parameter)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("refusals")
  void combination_isRefusedByPlannedMemory(
      OptimizerBuilder<?> builder, DType weights, String message) {
    builder.arenas(PlannedRefusalTest::none);
    assertThatThrownBy(() -> builder.plannedMemory(SHAPES, weights))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void noParameters_areRefused() {
    String message = "an optimizer needs parameters: parameters=[]";
    for (OptimizerBuilder<?> builder : List.of(Adam.builder(), Lion.builder())) {
      assertThatThrownBy(() -> builder.build(List.of())).hasMessage(message);
      assertThatThrownBy(() -> builder.plannedMemory(Map.of())).hasMessage(message);
      assertThatThrownBy(() -> builder.planner(new LinkedHashMap<>(), new NoCopies()))
          .hasMessage(message);
    }
  }

  static Stream<Arguments> deviceRefusals() {
    String form =
        "what runs on a device must have a form for it, use the CPU for this: optimizer=%s, %s";
    return Stream.of(
        Arguments.of(
            Lion.builder(), form.formatted("lion", "its update is not that of Adam's family")),
        Arguments.of(sparse().moments(MomentFormat.INT8), form.formatted("spam", "moments=INT8")),
        Arguments.of(
            sparse().spikeAction(SpikeAction.GAUSSIAN),
            form.formatted("spam", "spikeAction=GAUSSIAN")),
        Arguments.of(
            sparse().transforms(GradientTransform.agc()),
            form.formatted(
                "spam",
                "its transforms are not a factor, a clip, a factor and a limit, in this order:"
                    + " transforms=["
                    + GradientTransform.agc()
                    + "]")),
        Arguments.of(
            sparse().unselected(UnselectedWeights.SGD),
            form.formatted(
                "spam",
                "weights without moments move: unselected=SGD, maskedWeightDecay=SELECTED")),
        Arguments.of(
            StableSpam.builder(StableSpam.Preset.REFERENCE).density(0.5),
            "density must be 1 where resets come after the update, as in the authors' Stable-SPAM;"
                + " use another preset: parameter=w, density=0.5"),
        Arguments.of(
            sparse().resetInterval(-1), "resetInterval must not be negative: resetInterval=-1"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("deviceRefusals")
  void combination_isRefusedForDevices(OptimizerBuilder<?> builder, String message) {
    builder.arenas(PlannedRefusalTest::none);
    assertThatThrownBy(() -> builder.planner(new LinkedHashMap<>(SHAPES), new NoCopies()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
