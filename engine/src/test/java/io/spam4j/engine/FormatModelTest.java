package io.spam4j.engine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.internal.state.RoundingKey;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import io.spam4j.tensors.internal.simd.MomentCodes;
import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A step in other formats is a step of the float32 optimizer between decoding and encoding: before
 * each step a float32 twin gets what the tested one holds, after it the twin's result, encoded
 * here, must be what the tested one has, byte for byte.
 */
@Tag("kernel")
final class FormatModelTest {
  private static final int STEPS = 5;
  private static final long SEED = 5;
  private static final Map<Long, float[]> DRAWN = new HashMap<>();

  record Case(
      String name,
      DType weights,
      DType gradients,
      MomentFormat moments,
      WeightRounding rounding,
      boolean onHeap,
      Supplier<MomentBuilder<?>> settings) {
    /** Several pieces, or some blocks. */
    int elements() {
      boolean large = moments == MomentFormat.INT8 && rounding == WeightRounding.EXACT;
      return (large ? WorkPlan.UNIT : 0) + StagedBlock.BLOCK + 77;
    }

    MomentBuilder<?> builder() {
      return settings.get().seed(SEED).threads(2).stopAfterNonFinite(0);
    }

    @Override
    public String toString() {
      return "%s, weights %s %s, gradients %s, moments %s%s"
          .formatted(name, weights, rounding, gradients, moments, onHeap ? ", on the heap" : "");
    }
  }

  static Stream<Case> cases() {
    Map<String, Supplier<MomentBuilder<?>>> settings =
        Map.of(
            "spam", FormatModelTest::spam,
            "sparse", () -> spam().density(0.4),
            "very sparse", () -> spam().density(0.01),
            "stable-spam", () -> StableSpam.builder().resetInterval(4).learningRate(1e-2),
            "stable-spam sparse",
                () -> StableSpam.builder().resetInterval(4).density(0.4).learningRate(1e-2),
            "copies",
                () ->
                    AdamW.builder()
                        .weightDecay(0.1)
                        .transforms(GradientTransform.value(2), GradientTransform.globalNorm(10)));
    List<Case> cases = new ArrayList<>();
    settings.forEach(
        (name, builder) -> {
          for (MomentFormat moments : Halves.FORMATS) {
            for (WeightRounding rounding : WeightRounding.values()) {
              DType gradients = rounding == WeightRounding.NEAREST ? DType.F32 : DType.BF16;
              cases.add(new Case(name, DType.BF16, gradients, moments, rounding, false, builder));
            }
            WeightRounding unused = WeightRounding.STOCHASTIC;
            cases.add(new Case(name, DType.F32, DType.BF16, moments, unused, false, builder));
          }
          cases.add(
              new Case(
                  name,
                  DType.BF16,
                  DType.BF16,
                  MomentFormat.INT8,
                  WeightRounding.STOCHASTIC,
                  true,
                  builder));
        });
    return cases.stream();
  }

  private static Spam.Builder spam() {
    return Spam.builder()
        .spikeThreshold(20)
        .resetInterval(4)
        .spikeGraceSteps(1)
        .weightDecay(0.1)
        .learningRate(1e-2);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void step_isThatOfFloat32_betweenDecodingAndEncoding(Case tested) {
    int n = tested.elements();
    try (Arena arena = Arena.ofShared()) {
      float[] start = drawn(1, n);
      Tensor stored = Halves.of(arena, tested.weights, start, n);
      Tensor weights = tested.onHeap ? onHeap(stored) : stored;
      Tensor plain = Halves.of(arena, DType.F32, start, n);
      MomentBuilder<?> builder =
          tested.builder().moments(tested.moments).weightRounding(tested.rounding);
      try (var optimizer = builder.build(List.of(new Parameter("w", weights)));
          var twin = tested.builder().build(List.of(new Parameter("w", plain)))) {
        for (int t = 1; t <= STEPS; t++) {
          float[] values = drawn(1 + t, n);
          values[7] = Float.NaN;
          Tensor stepped = Halves.of(arena, tested.gradients, values, n);
          Tensor gradient = tested.onHeap ? onHeap(stepped) : stepped;
          Tensor same = Halves.of(arena, DType.F32, values, n);
          if (t == STEPS && tested.moments == MomentFormat.F32) {
            makeSomeSubnormal(optimizer);
          }
          decode(optimizer, weights, twin, plain);
          int[] gridsBefore = grids(optimizer);
          StepReport report = optimizer.step(_ -> gradient);
          StepReport expected = twin.step(_ -> same);
          assertThat(report.spikes()).isEqualTo(expected.spikes());
          assertThat(report.largestRatioIndex(0)).isEqualTo(expected.largestRatioIndex(0));
          assertThat(report.skippedCoordinates()).isEqualTo(expected.skippedCoordinates());
          int moments = (int) twin.firstMoment("w").elements();
          int[] grids = new int[(int) MomentCodes.blockCount(moments)];
          if (!report.isMomentumReset()) {
            System.arraycopy(gridsBefore, 0, grids, 0, gridsBefore.length);
          }
          assertEncoded(tested, optimizer, grids, weights, twin, plain, t);
        }
      }
    }
  }

  private static void makeSomeSubnormal(Optimizer optimizer) {
    for (int i = 1; i < 20; i += 3) {
      optimizer.firstMoment("w").setFloat(i, i % 2 == 0 ? 1e-39f : -1e-39f);
      optimizer.secondMoment("w").setFloat(i + 1, 1e-39f);
    }
  }

  private static float[] drawn(long seed, int n) {
    int most = WorkPlan.UNIT + StagedBlock.BLOCK + 77;
    return Arrays.copyOf(DRAWN.computeIfAbsent(seed, s -> Halves.draw(s, most)), n);
  }

  private static Tensor onHeap(Tensor tensor) {
    byte[] bytes = tensor.memory().toArray(JAVA_BYTE);
    return Tensor.of(MemorySegment.ofArray(bytes), tensor.dtype(), tensor.shape());
  }

  private static MemorySegment state(Optimizer optimizer, String name) {
    return Objects.requireNonNull(optimizer.state("w").get(name)).memory();
  }

  private static void decode(Optimizer optimizer, Tensor weights, Optimizer twin, Tensor plain) {
    long n = plain.elements();
    long moments = optimizer.firstMoment("w").elements();
    MemorySegment first = state(twin, StateNames.FIRST);
    MemorySegment second = state(twin, StateNames.SECOND);
    if (optimizer.firstMoment("w").dtype() == DType.I8) {
      MomentCodes.decode(
          state(optimizer, StateNames.FIRST),
          state(optimizer, StateNames.SECOND),
          state(optimizer, StateNames.GRID),
          0,
          first,
          second,
          0,
          moments);
    } else {
      Float32Copy.copy(optimizer.firstMoment("w"), 0, moments, first);
      Float32Copy.copy(optimizer.secondMoment("w"), 0, moments, second);
    }
    if (optimizer.state("w").containsKey("weight_low")) {
      MemorySegment low = state(optimizer, "weight_low");
      Bfloat16.decodeSplit(weights.memory(), 0, low, 0, plain.memory(), 0, n);
    } else {
      Float32Copy.copy(weights, 0, n, plain.memory());
    }
  }

  /** What the blocks of codes have; nothing in other formats. */
  private static int[] grids(Optimizer optimizer) {
    Tensor grids = optimizer.state("w").get(StateNames.GRID);
    return grids == null ? new int[0] : grids.memory().toArray(JAVA_INT_UNALIGNED);
  }

  private static void assertEncoded(
      Case tested,
      Optimizer optimizer,
      int[] grids,
      Tensor weights,
      Optimizer twin,
      Tensor plain,
      long t) {
    long moments = twin.firstMoment("w").elements();
    MemorySegment first = twin.firstMoment("w").memory();
    MemorySegment second = twin.secondMoment("w").memory();
    long key = new RoundingKey(SEED, "w").at(t);
    int count = (int) moments;
    switch (tested.moments) {
      case F32 -> {
        assertSame(optimizer, StateNames.FIRST, first);
        assertSame(optimizer, StateNames.SECOND, second);
      }
      case BF16 -> {
        MemorySegment codes = MemorySegment.ofArray(new short[count]);
        Bfloat16.encodeStochastic(first, 0, codes, 0, moments, Draw.FIRST, key, 0);
        assertSame(optimizer, StateNames.FIRST, codes);
        Bfloat16.encodeStochastic(second, 0, codes, 0, moments, Draw.SECOND, key, 0);
        assertSame(optimizer, StateNames.SECOND, codes);
      }
      case INT8 -> {
        MemorySegment codes = MemorySegment.ofArray(new byte[count]);
        MemorySegment secondCodes = MemorySegment.ofArray(new byte[count]);
        MemorySegment after = MemorySegment.ofArray(grids);
        MomentCodes.encode(first, second, 0, codes, secondCodes, after, 0, moments, key);
        assertSame(optimizer, StateNames.FIRST, codes);
        assertSame(optimizer, StateNames.SECOND, secondCodes);
        assertSame(optimizer, StateNames.GRID, after);
      }
      case BF16_EMULATED -> throw new AssertionError("no model of another format");
    }
    assertWeights(tested, optimizer, weights, plain, t);
  }

  private static void assertWeights(
      Case tested, Optimizer optimizer, Tensor weights, Tensor plain, long t) {
    int n = tested.elements();
    if (tested.weights == DType.F32) {
      assertThat(weights.memory().mismatch(plain.memory())).isEqualTo(-1);
      return;
    }
    if (tested.rounding == WeightRounding.EXACT) {
      MemorySegment exact = MemorySegment.ofArray(new float[n]);
      MemorySegment low = state(optimizer, "weight_low");
      Bfloat16.decodeSplit(weights.memory(), 0, low, 0, exact, 0, n);
      assertThat(exact.mismatch(plain.memory())).isEqualTo(-1);
      return;
    }
    long[] moved =
        optimizer
            .mask("w")
            .map(IndexMask::toArray)
            .orElseGet(() -> LongStream.range(0, n).toArray());
    MemorySegment packed = MemorySegment.ofArray(new float[moved.length]);
    for (int i = 0; i < moved.length; i++) {
      packed.setAtIndex(
          JAVA_FLOAT_UNALIGNED, i, plain.memory().getAtIndex(JAVA_FLOAT_UNALIGNED, moved[i]));
    }
    MemorySegment rounded = MemorySegment.ofArray(new short[moved.length]);
    if (tested.rounding == WeightRounding.NEAREST) {
      Bfloat16.encodeNearest(packed, 0, rounded, 0, moved.length);
    } else {
      long key = new RoundingKey(SEED, "w").at(t);
      Bfloat16.encodeStochastic(packed, 0, rounded, 0, moved.length, Draw.WEIGHTS, key, 0);
    }
    MemorySegment expected = MemorySegment.ofArray(new short[n]);
    Bfloat16.encodeNearest(plain.memory(), 0, expected, 0, n); // exact where nothing moved
    for (int i = 0; i < moved.length; i++) {
      expected.setAtIndex(
          JAVA_SHORT_UNALIGNED, moved[i], rounded.getAtIndex(JAVA_SHORT_UNALIGNED, i));
    }
    assertThat(weights.memory().mismatch(expected)).isEqualTo(-1);
  }

  private static void assertSame(Optimizer optimizer, String name, MemorySegment expected) {
    assertThat(state(optimizer, name).mismatch(expected)).as(name).isEqualTo(-1);
  }
}
