package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.CountingArenas;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Halves;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.CheckpointMismatchException;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WarmupCurve;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link MomentFormat#BF16_EMULATED} does, and what it is refused with. */
final class EmulatedFormatTest {
  private static final Map<String, long[]> SHAPES = Map.of("w", new long[] {8});

  private static Spam.Builder emulated() {
    return emulated(Spam.builder(Spam.Preset.REFERENCE));
  }

  private static <B extends MomentBuilder<B>> B emulated(B builder) {
    return builder.moments(MomentFormat.BF16_EMULATED).weightRounding(WeightRounding.NEAREST);
  }

  /** Spec fact 7, and what a user sees of it: a spike stays until the next reset. */
  @Test
  void secondMoment_afterASpike_neverDecays() {
    try (Arena arena = Arena.ofShared()) {
      Tensor weights = Tensor.allocate(arena, DType.BF16, 2);
      Tensor gradient = Halves.of(arena, DType.BF16, new float[] {100, 1}, 2);
      try (var optimizer =
          emulated().resetInterval(2000).build(List.of(new Parameter("w", weights)))) {
        optimizer.step(_ -> gradient);
        float[] spiked = Halves.floats(optimizer.secondMoment("w"));
        assertThat(spiked[0]).isBetween(9.9f, 10.1f);
        Halves.set(gradient, 0, 0);
        for (int t = 2; t < 2000; t++) {
          optimizer.step(_ -> gradient);
        }
        assertThat(Halves.floats(optimizer.secondMoment("w"))).containsExactly(spiked);
        optimizer.step(_ -> gradient);
        assertThat(Halves.floats(optimizer.secondMoment("w"))).containsOnly(0);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 0.4})
  void threadsAndHeap_doNotMatter(double density) {
    int n = 40_000; // three pieces
    var settings = emulated().resetInterval(4).spikeGraceSteps(1).density(density);
    try (Arena arena = Arena.ofShared()) {
      Tensor one = Halves.of(arena, DType.BF16, Halves.draw(1, n), n);
      Tensor other = Tensor.of(MemorySegment.ofArray(new short[n]), DType.BF16, n);
      other.memory().copyFrom(one.memory());
      try (var alone = settings.threads(1).build(List.of(new Parameter("w", one)));
          var shared = settings.threads(3).build(List.of(new Parameter("w", other)))) {
        for (int t = 0; t < 10; t++) {
          Tensor gradient = Halves.of(arena, DType.BF16, Halves.draw(10 + t, n), n);
          StepReport here = alone.step(_ -> gradient);
          StepReport there = shared.step(_ -> gradient);
          assertThat(there.spikes()).isEqualTo(here.spikes());
          assertThat(there.largestRatio(0)).isEqualTo(here.largestRatio(0));
          assertThat(there.largestRatioIndex(0)).isEqualTo(here.largestRatioIndex(0));
        }
        Snapshot.of(shared).assertSame(Snapshot.of(alone));
      }
    }
  }

  /** M1, M5; without a warm-up, which selected weights have in an operation of its own. */
  @Test
  void selectedWeights_areADenseRun_andTheOthersStay() {
    int n = 12_000;
    var settings = emulated().rewarmSteps(0).resetInterval(1000).spikeGraceSteps(2);
    try (Arena arena = Arena.ofShared()) {
      float[] start = Halves.draw(1, n);
      Tensor weights = Halves.of(arena, DType.BF16, start, n);
      try (var sparse = settings.density(0.5).build(List.of(new Parameter("w", weights)))) {
        long[] selected = sparse.mask("w").orElseThrow().toArray();
        int count = selected.length;
        assertThat(count).isEqualTo(n / 2).isGreaterThan(2 * IndexMask.BLOCK);
        Tensor packed = Halves.of(arena, DType.BF16, packed(start, selected), count);
        try (var dense = settings.density(1).build(List.of(new Parameter("w", packed)))) {
          for (int t = 0; t < 6; t++) {
            float[] values = Halves.draw(10 + t, n);
            Tensor gradient = Halves.of(arena, DType.BF16, values, n);
            Tensor some = Halves.of(arena, DType.BF16, packed(values, selected), count);
            sparse.step(_ -> gradient);
            dense.step(_ -> some);
          }
          assertSame(sparse.firstMoment("w"), dense.firstMoment("w"));
          assertSame(sparse.secondMoment("w"), dense.secondMoment("w"));
        }
        float[] moved = Halves.floats(packed);
        for (int i = 0; i < count; i++) {
          start[(int) selected[i]] = moved[i];
        }
        Snapshot.assertSame(Halves.floats(weights), start);
      }
    }
  }

  private static float[] packed(float[] values, long... selected) {
    float[] packed = new float[selected.length];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = values[(int) selected[i]];
    }
    return packed;
  }

  private static void assertSame(Tensor actual, Tensor expected) {
    assertThat(actual.memory().mismatch(expected.memory())).isEqualTo(-1);
  }

  /** Up to 2^-9 a step, which is far more than anybody uses. */
  @Test
  void weightDecay_ofLessThanARounding_doesNothing() {
    try (Arena arena = Arena.ofShared()) {
      float[] start = Halves.draw(1, 1000);
      Tensor weights = Halves.of(arena, DType.BF16, start, 1000);
      Tensor gradient = Tensor.allocate(arena, DType.BF16, 1000);
      var settings = emulated().learningRate(1e-3);
      try (var lost = settings.weightDecay(1.9).build(List.of(new Parameter("w", weights)))) {
        lost.step(_ -> gradient);
        Snapshot.assertSame(Halves.floats(weights), start);
      }
      try (var kept = settings.weightDecay(8).build(List.of(new Parameter("w", weights)))) {
        kept.step(_ -> gradient);
        float[] now = Halves.floats(weights);
        for (int i = 0; i < now.length; i++) {
          assertThat(Math.abs(now[i])).isLessThan(Math.abs(start[i]));
        }
      }
    }
  }

  @Test
  void memory_isFourBytesAWeight() {
    var arenas = new CountingArenas();
    Spam.Builder builder = emulated().threads(1).arenas(arenas);
    Map<String, long[]> shapes = Map.of("w", new long[] {1000, 10});
    MemoryReport planned = builder.plannedMemory(shapes, DType.BF16);
    assertThat(planned.moments()).isEqualTo(40_000);
    try (Arena arena = Arena.ofShared()) {
      Tensor weights = Tensor.allocate(arena, DType.BF16, 1000, 10);
      try (var optimizer = builder.build(List.of(new Parameter("w", weights)))) {
        Tensor gradient = Tensor.allocate(arena, DType.BF16, 1000, 10);
        optimizer.step(_ -> gradient);
        assertThat(optimizer.memory()).isEqualTo(planned);
        assertThat(optimizer.memory().total()).isEqualTo(arenas.bytes());
      }
    }
    assertThat(arenas.open()).isZero();
  }

  @Test
  void checkpoint_ofBfloat16Moments_isAnotherFormat(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("bf16");
    try (Arena arena = Arena.ofShared()) {
      Parameter one = new Parameter("w", Tensor.allocate(arena, DType.BF16, 8));
      Parameter other = new Parameter("w", Tensor.allocate(arena, DType.BF16, 8));
      var rounding =
          Spam.builder(Spam.Preset.REFERENCE)
              .moments(MomentFormat.BF16)
              .weightRounding(WeightRounding.NEAREST);
      try (var saved = rounding.build(List.of(one));
          var optimizer = emulated().build(List.of(other))) {
        Tensor gradient = Halves.of(arena, DType.BF16, Halves.draw(1, 8), 8);
        saved.step(_ -> gradient);
        saved.save(file);
        assertThatThrownBy(() -> optimizer.load(file))
            .isInstanceOf(CheckpointMismatchException.class)
            .hasMessage(
                "checkpoint must fit the optimizer, or LoadOptions must allow what differs: file="
                    + file
                    + "\n  setting moments: file=BF16, optimizer=BF16_EMULATED"
                    + " (allowOtherHyperparameters)");
        optimizer.load(file, LoadOptions.strict().allowOtherHyperparameters());
        MemorySegment moments = optimizer.secondMoment("w").memory();
        assertThat(moments.mismatch(saved.secondMoment("w").memory())).isEqualTo(-1);
      }
    }
  }

  private static Object built(OptimizerBuilder<?> builder) {
    return builder.plannedMemory(SHAPES, DType.BF16);
  }

  static Stream<Arguments> refusals() {
    String alone =
        "moments can be BF16_EMULATED in Spam.Preset.REFERENCE alone, with its settings: ";
    return Stream.of(
        refusal(() -> built(emulated(AdamW.builder())), alone + "optimizer=adamw"),
        refusal(() -> built(emulated(StableSpam.builder())), alone + "optimizer=stablespam"),
        refusal(
            () -> built(emulated(Spam.builder())),
            alone + "resetsMissingGradients=true, preset=false"),
        refusal(
            () -> built(emulated(Spam.builder(Spam.Preset.KOZISTR))),
            alone
                + "warmupCurve=%s, preset=%s"
                    .formatted(new WarmupCurve(0.99, 1, 1), WarmupCurve.AUTHORS)),
        refusal(
            () -> built(emulated(Spam.builder(Spam.Preset.PAPER_LITERAL))),
            alone + "epsilonMode=CORRECTED, preset=UNCORRECTED"),
        refusal(
            () -> built(emulated().spikeAction(SpikeAction.NULLIFY)),
            alone + "spikeAction=NULLIFY, preset=CLIP"),
        refusal(
            () -> built(emulated().unselected(UnselectedWeights.SGD)),
            alone + "unselected=SGD, preset=FROZEN"),
        refusal(
            () -> built(emulated().biasCorrection(BiasCorrection.SINCE_RESET)),
            alone + "biasCorrection=SINCE_RESET, preset=GLOBAL"),
        refusal(
            () -> built(emulated().nonFinite(NonFinitePolicy.SKIP_STEP)),
            alone + "nonFinite=SKIP_STEP, preset=PROPAGATE"),
        refusal(
            () -> built(emulated().transforms(GradientTransform.value(1))),
            alone + "transforms=[%s], preset=[]".formatted(GradientTransform.value(1))),
        refusal(
            () -> built(emulated().weightRounding(WeightRounding.STOCHASTIC)),
            "weightRounding must be NEAREST where moments are BF16_EMULATED:"
                + " weightRounding=STOCHASTIC"),
        refusal(
            () -> emulated().plannedMemory(SHAPES),
            "weights must be BF16 where moments are BF16_EMULATED: parameter=w, dtype=F32"),
        refusal(
            () -> emulated().build(List.of(new Parameter("w", Tensor.of(new float[8], 8)))),
            "weights must be BF16 where moments are BF16_EMULATED: parameter=w, dtype=F32"));
  }

  private static Arguments refusal(Supplier<Object> call, String message) {
    return Arguments.of(message, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refusals")
  void combination_isRefused(String message, Supplier<Object> call) {
    assertThatThrownBy(call::get).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  @Test
  void gradient_float32_isRefused() {
    try (Arena arena = Arena.ofShared();
        var optimizer =
            emulated().build(List.of(new Parameter("w", Tensor.allocate(arena, DType.BF16, 8))))) {
      Tensor gradient = Tensor.allocate(arena, DType.F32, 8);
      assertThatThrownBy(() -> optimizer.step(_ -> gradient))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("gradient must be BF16: parameter=w, dtype=F32");
    }
  }
}
