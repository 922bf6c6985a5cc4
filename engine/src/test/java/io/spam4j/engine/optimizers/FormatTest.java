package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.CountingArenas;
import io.spam4j.engine.Halves;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Runs;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import io.spam4j.tensors.internal.simd.MomentCodes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What weights, gradients and moments in other formats than float32 promise. */
final class FormatTest {
  private static final int N = 2 * WorkPlan.UNIT + 1021;

  private static Spam.Builder spam() {
    return Spam.builder().spikeThreshold(50).resetInterval(5).spikeGraceSteps(1).weightDecay(0.1);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BF16_EMULATED")
  void threads_changeNothing(MomentFormat moments) {
    for (double density : new double[] {1, 0.3}) {
      try (Arena arena = Arena.ofShared()) {
        float[] start = Halves.draw(1, N);
        Tensor one = Halves.of(arena, DType.BF16, start, N);
        Tensor many = Halves.of(arena, DType.BF16, start, N);
        var builder = spam().density(density).moments(moments);
        try (var alone = builder.threads(1).build(List.of(new Parameter("w", one)));
            var together = builder.threads(3).build(List.of(new Parameter("w", many)))) {
          for (int t = 0; t < 7; t++) {
            Tensor gradient = Halves.of(arena, DType.BF16, Halves.draw(10 + t, N), N);
            alone.step(_ -> gradient);
            together.step(_ -> gradient);
          }
          Snapshot.of(together).assertSame(Snapshot.of(alone));
        }
        assertThat(one.memory().mismatch(Halves.of(arena, DType.BF16, start, N).memory()))
            .isNotEqualTo(-1);
      }
    }
  }

  private static Map<String, Supplier<MomentBuilder<?>>> exactRuns() {
    return Map.of(
        "dense", FormatTest::spam,
        "sparse", () -> spam().density(0.2),
        "keep", () -> spam().density(0.2).overlap(MomentOverlap.KEEP),
        "gaussian", () -> spam().spikeAction(SpikeAction.GAUSSIAN),
        "amsgrad", () -> AdamW.builder().amsgrad(true),
        "stable-spam", () -> StableSpam.builder().resetInterval(5));
  }

  @ParameterizedTest
  @CsvSource({"dense", "sparse", "keep", "gaussian", "amsgrad", "stable-spam"})
  void exactBfloat16Weights_areThoseOfAFloat32Run(String name) {
    int n = StagedBlock.BLOCK + 333;
    var settings = Objects.requireNonNull(exactRuns().get(name));
    try (Arena arena = Arena.ofShared()) {
      float[] start = Halves.draw(3, n);
      Tensor halves = Halves.of(arena, DType.BF16, start, n);
      Tensor floats = Halves.of(arena, DType.F32, start, n);
      try (var tested =
              settings
                  .get()
                  .weightRounding(WeightRounding.EXACT)
                  .build(List.of(new Parameter("w", halves)));
          var plain = settings.get().build(List.of(new Parameter("w", floats)))) {
        for (int t = 0; t < 40; t++) {
          Tensor gradient = Halves.of(arena, DType.F32, Runs.draw(new Random(t), n, 300), n);
          tested.step(_ -> gradient);
          plain.step(_ -> gradient);
        }
        Tensor low = Objects.requireNonNull(tested.state("w").get("weight_low"));
        assertThat(low.toString()).isEqualTo("I16[" + n + "]");
        MemorySegment both = MemorySegment.ofArray(new float[n]);
        Bfloat16.decodeSplit(halves.memory(), 0, low.memory(), 0, both, 0, n);
        assertThat(both.mismatch(floats.memory())).isEqualTo(-1);
        assertThat(tested.firstMoment("w").memory().mismatch(plain.firstMoment("w").memory()))
            .isEqualTo(-1);
      }
    }
  }

  /** How far a run with a learning rate of 1e-5 goes along the way of the float32 run. */
  private static double distance(WeightRounding rounding) {
    int n = 32_768; // the noise of rounding is about 0.2 % of the distance
    try (Arena arena = Arena.ofShared()) {
      var random = new Random(11);
      float[] drawn = new float[n];
      for (int i = 0; i < n; i++) {
        drawn[i] = (float) random.nextGaussian() * 0.05f;
      }
      float[] start = Halves.rounded(drawn);
      Tensor halves = Halves.of(arena, DType.BF16, start, n);
      Tensor floats = Halves.of(arena, DType.F32, start, n);
      var settings = AdamW.builder().learningRate(1e-5).weightDecay(0).threads(1);
      try (var plain = settings.build(List.of(new Parameter("w", floats)));
          var tested =
              settings.weightRounding(rounding).build(List.of(new Parameter("w", halves)))) {
        float[] mean = Runs.draw(random, n, Integer.MAX_VALUE);
        float[] pool = Runs.draw(random, 2 * n, Integer.MAX_VALUE);
        Tensor gradient = Tensor.allocate(arena, DType.F32, n);
        for (int t = 0; t < 300; t++) {
          int from = t * 7919 % n;
          for (int i = 0; i < n; i++) {
            gradient.setFloat(i, mean[i] + pool[from + i]);
          }
          tested.step(_ -> gradient);
          plain.step(_ -> gradient);
        }
      }
      double along = 0;
      double whole = 0;
      float[] there = floats.toFloats();
      float[] here = Halves.floats(halves);
      for (int i = 0; i < n; i++) {
        double way = (double) there[i] - start[i];
        along += way * ((double) here[i] - start[i]);
        whole += way * way;
      }
      return along / whole;
    }
  }

  @Test
  void smallSteps_moveBfloat16WeightsAsFarAsFloat32() {
    assertThat(distance(WeightRounding.STOCHASTIC)).isBetween(0.99, 1.01);
    assertThat(distance(WeightRounding.EXACT)).isBetween(0.99, 1.01);
    assertThat(distance(WeightRounding.NEAREST)).isLessThan(0.5);
  }

  @ParameterizedTest
  @CsvSource({"BF16", "INT8"})
  void secondMoment_followsADropOfTheGradient(MomentFormat moments) {
    int n = 1024;
    try (Arena arena = Arena.ofShared()) {
      var settings = AdamW.builder().threads(1);
      Tensor one = Tensor.allocate(arena, DType.F32, n);
      Tensor other = Tensor.allocate(arena, DType.F32, n);
      try (var plain = settings.build(List.of(new Parameter("w", one)));
          var tested = settings.moments(moments).build(List.of(new Parameter("w", other)))) {
        float[] pool = Runs.draw(new Random(12), 10 * n, Integer.MAX_VALUE);
        Tensor gradient = Tensor.allocate(arena, DType.F32, n);
        for (int t = 0; t < 6000; t++) {
          int from = t * 37 % (9 * n);
          for (int i = 0; i < n; i++) {
            gradient.setFloat(i, pool[from + i] * (t < 3000 ? 10 : 1));
          }
          plain.step(_ -> gradient);
          tested.step(_ -> gradient);
        }
        double expected = meanRoot(plain.secondMoment("w").toFloats());
        assertThat(expected).isBetween(1.0, 3.0); // of 10 before
        assertThat(meanRoot(second(tested, n)) / expected).isCloseTo(1, within(0.02));
      }
    }
  }

  private static float[] second(Optimizer optimizer, int n) {
    Tensor moments = optimizer.secondMoment("w");
    if (moments.dtype() == DType.BF16) {
      return Halves.floats(moments);
    }
    float[] values = new float[n];
    Tensor grids = Objects.requireNonNull(optimizer.state("w").get("exp_avg_grid"));
    MomentCodes.decode(
        optimizer.firstMoment("w").memory(),
        moments.memory(),
        grids.memory(),
        0,
        MemorySegment.ofArray(new float[n]),
        MemorySegment.ofArray(values),
        0,
        n);
    return values;
  }

  private static double meanRoot(float[] squares) {
    double sum = 0;
    for (float square : squares) {
      sum += Math.sqrt(square);
    }
    return sum / squares.length;
  }

  @Test
  void memory_isWhatTheFormatsTake() {
    Map<String, long[]> shapes = Map.of("w", new long[] {1000, 10});
    long room =
        2 * ((4 * Float.BYTES + 2 * Short.BYTES) * StagedBlock.BLOCK + 6 * StagedBlock.APART);
    assertMemory(AdamW.builder(), DType.F32, shapes, 80_000, 0);
    assertMemory(AdamW.builder(), DType.BF16, shapes, 80_000, room / 2);
    assertMemory(
        AdamW.builder().weightRounding(WeightRounding.EXACT),
        DType.BF16,
        shapes,
        100_000,
        room / 2);
    assertMemory(
        AdamW.builder().weightRounding(WeightRounding.EXACT), DType.F32, shapes, 80_000, 0);
    // 20,000 bytes a moment, and the second begins at a line of the cache
    assertMemory(
        AdamW.builder().moments(MomentFormat.BF16), DType.BF16, shapes, 40_000, room / 2 + 32);
    // 10,000 bytes a moment, and 316 of 79 blocks of 128
    long gaps = 48 + 48;
    var codes = AdamW.builder().moments(MomentFormat.INT8);
    assertMemory(codes, DType.BF16, shapes, 20_316, room / 2 + gaps);
    assertMemory(codes, DType.F32, shapes, 20_316, room / 2 + gaps);
    // half of the weights have moments, all have a low half
    assertMemory(
        AdamW.builder()
            .moments(MomentFormat.BF16)
            .weightRounding(WeightRounding.EXACT)
            .density(0.5),
        DType.BF16,
        shapes,
        40_000,
        -1);
  }

  private static void assertMemory(
      MomentBuilder<?> builder,
      DType weights,
      Map<String, long[]> shapes,
      long moments,
      long room) {
    var arenas = new CountingArenas();
    builder.threads(2).arenas(arenas);
    MemoryReport planned = builder.plannedMemory(shapes, weights);
    assertThat(planned.moments()).isEqualTo(moments);
    if (room >= 0) {
      assertThat(planned.scratch()).isEqualTo(room);
    }
    try (Arena arena = Arena.ofShared()) {
      Tensor tensor = Tensor.allocate(arena, weights, 1000, 10);
      try (var optimizer = builder.build(List.of(new Parameter("w", tensor)))) {
        Tensor gradient = Tensor.allocate(arena, weights, 1000, 10);
        for (int t = 0; t < 3; t++) {
          assertThat(optimizer.memory()).isEqualTo(planned);
          assertThat(optimizer.memory().total()).isEqualTo(arenas.bytes());
          optimizer.step(_ -> gradient);
        }
      }
    }
    assertThat(arenas.open()).isZero();
  }

  @Test
  void bfloat16Gradients_makeRoomOnce() {
    var arenas = new CountingArenas();
    try (Arena arena = Arena.ofShared();
        var optimizer =
            AdamW.builder()
                .threads(1)
                .arenas(arenas)
                .build(List.of(new Parameter("w", Tensor.allocate(arena, DType.F32, 10))))) {
      Tensor gradient = Tensor.allocate(arena, DType.BF16, 10);
      for (int t = 0; t < 3; t++) {
        optimizer.step(_ -> gradient);
        assertThat(optimizer.memory().scratch())
            .isEqualTo(40 * 1024 + 6 * StagedBlock.APART + 24); // 40 bytes a moment
        assertThat(optimizer.memory().total()).isEqualTo(arenas.bytes());
      }
    }
    assertThat(arenas.open()).isZero();
  }

  @Test
  void badStep_changesNothing() {
    int n = 300;
    try (Arena arena = Arena.ofShared()) {
      Tensor a = Halves.of(arena, DType.BF16, Halves.draw(1, n), n);
      Tensor b = Halves.of(arena, DType.BF16, Halves.draw(2, n), n);
      for (MomentFormat moments : Halves.FORMATS) {
        var builder = spam().density(0.5).moments(moments).weightRounding(WeightRounding.EXACT);
        try (var optimizer = builder.build(List.of(new Parameter("a", a), new Parameter("b", b)))) {
          Tensor gradient = Halves.of(arena, DType.BF16, Halves.draw(3, n), n);
          Tensor longer = Tensor.allocate(arena, DType.BF16, n + 1);
          Tensor other = Tensor.allocate(arena, DType.F16, n);
          for (int t = 0; t < 6; t++) {
            optimizer.step(_ -> gradient);
            Snapshot before = Snapshot.of(optimizer);
            assertThatThrownBy(() -> optimizer.step(name -> name.equals("a") ? gradient : longer))
                .hasMessage(
                    "gradient shape must equal weight shape: parameter=b, gradient=[301],"
                        + " weight=[300]");
            assertThatThrownBy(() -> optimizer.step(name -> name.equals("a") ? gradient : other))
                .hasMessage("gradient must be F32 or BF16: parameter=b, dtype=F16");
            assertThatThrownBy(() -> optimizer.step(name -> name.equals("a") ? gradient : a))
                .hasMessage("gradient must not overlap weights: gradient=b, weights=a");
            Snapshot.of(optimizer).assertSame(before);
          }
        }
      }
    }
  }
}
