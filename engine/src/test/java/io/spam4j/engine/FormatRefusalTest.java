package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which formats are refused with what, with the whole message. */
final class FormatRefusalTest {
  private static Parameter halves() {
    return new Parameter("w", Tensor.of(MemorySegment.ofArray(new short[8]), DType.BF16, 8));
  }

  private static Object built(OptimizerBuilder<?> builder) {
    return builder.build(List.of(halves()));
  }

  private static Object builtOfFloats(OptimizerBuilder<?> builder) {
    return builder.build(List.of(new Parameter("w", Tensor.of(new float[8], 8))));
  }

  static Stream<Arguments> refusals() {
    String sparse =
        "weights must be F32 where all of them move or the largest are selected: parameter=w,"
            + " dtype=BF16, unselected=%s, maskedWeightDecay=%s, maskSelection=%s";
    String kept =
        "moments must not be INT8 where a reset leaves some of them; use BF16: parameter=w,"
            + " overlap=%s, resetsMissingGradients=%s";
    String plain =
        "moments must be F32 with amsgrad and with GAUSSIAN: moments=%s, amsgrad=%s,"
            + " spikeAction=%s";
    return Stream.of(
        refusal(
            () -> Adam.builder().plannedMemory(Map.of("w", new long[] {8}), DType.F16),
            "weights must be F32 or BF16: parameter=w, dtype=F16"),
        refusal(
            () -> built(Adam.builder().transforms(GradientTransform.agc())),
            "weights must be F32 for the transform agc: parameter=w, dtype=BF16"),
        refusal(
            () -> built(Spam.builder().density(0.5).unselected(UnselectedWeights.SGD)),
            sparse.formatted("SGD", "SELECTED", MaskSelection.random())),
        refusal(
            () -> built(Spam.builder().density(0.5).maskedWeightDecay(MaskedWeightDecay.ALL)),
            sparse.formatted("FROZEN", "ALL", MaskSelection.random())),
        refusal(
            () -> built(Spam.builder().density(0.5).maskSelection(MaskSelection.largestWeights())),
            sparse.formatted("FROZEN", "SELECTED", MaskSelection.largestWeights())),
        refusal(
            () ->
                builtOfFloats(
                    Spam.builder()
                        .density(0.5)
                        .moments(MomentFormat.INT8)
                        .overlap(MomentOverlap.KEEP)),
            kept.formatted("KEEP", true)),
        refusal(
            () ->
                builtOfFloats(
                    Spam.builder(Spam.Preset.REFERENCE).density(0.5).moments(MomentFormat.INT8)),
            kept.formatted("RESET", false)),
        refusal(
            () -> builtOfFloats(Adam.builder().amsgrad(true).moments(MomentFormat.BF16)),
            plain.formatted("BF16", true, "CLIP")),
        refusal(
            () ->
                builtOfFloats(
                    Spam.builder().spikeAction(SpikeAction.GAUSSIAN).moments(MomentFormat.INT8)),
            plain.formatted("INT8", false, "GAUSSIAN")),
        refusal(
            () -> planner(AdamW.builder().moments(MomentFormat.BF16)),
            "what runs on a device must have a form for it, use the CPU for this: optimizer=adamw,"
                + " moments=BF16"),
        refusal(
            () ->
                planner(
                    Spam.builder(Spam.Preset.REFERENCE)
                        .moments(MomentFormat.BF16_EMULATED)
                        .weightRounding(WeightRounding.NEAREST)),
            "what runs on a device must have a form for it, use the CPU for this: optimizer=spam,"
                + " moments=BF16_EMULATED"));
  }

  private static Object planner(OptimizerBuilder<?> builder) {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>(Map.of("w", new long[] {8}));
    return builder.planner(shapes, new NoCopies());
  }

  private static Arguments refusal(Supplier<Object> call, String message) {
    return Arguments.of(message, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refusals")
  void format_isRefused(String message, Supplier<Object> call) {
    assertThatThrownBy(call::get).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  static Stream<OptimizerCase> baselines() {
    return OptimizerCases.all()
        .filter(one -> one.has(Trait.BASELINE) && !one.has(Trait.TRANSFORMS))
        .filter(one -> one.name().startsWith("ada"));
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void bfloat16Weights_areRefusedByOtherOptimizers(OptimizerCase one) {
    String name;
    try (var optimizer = (Optimizer) builtOfFloats(one.builder(0))) {
      name = optimizer.toString().replaceFirst("\\[.*", "");
    }
    String message =
        "weights must be F32 for optimizers that have no form for BF16: optimizer="
            + name
            + ", parameter=w, dtype=BF16";
    assertThatThrownBy(() -> built(one.builder(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> one.builder(0).plannedMemory(Map.of("w", new long[] {8}), DType.BF16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @MethodSource("baselines")
  void bfloat16Gradients_areRefusedByOtherOptimizers(OptimizerCase one) {
    try (Arena arena = Arena.ofShared();
        var optimizer =
            one.builder(0)
                .build(List.of(new Parameter("w", Tensor.allocate(arena, DType.F32, 8))))) {
      Tensor gradient = Tensor.allocate(arena, DType.BF16, 8);
      assertThatThrownBy(() -> optimizer.step(_ -> gradient))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("gradient must be F32: parameter=w, dtype=BF16");
    }
  }
}
