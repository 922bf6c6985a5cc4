package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.checkpoint.CheckpointMismatchException;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** State of one format is another's only by conversion, where it is allowed and there is one. */
final class FormatCheckpointTest {
  private static final int N = 300;

  @TempDir private Path folder;

  /** A run of some steps. */
  private static Optimizer stepped(Arena arena, DType weights, MomentBuilder<?> builder) {
    Tensor tensor = Halves.of(arena, weights, Halves.draw(1, N), N);
    Optimizer optimizer = builder.build(List.of(new Parameter("w", tensor)));
    for (int t = 0; t < 3; t++) {
      Tensor gradient = Halves.of(arena, DType.BF16, Halves.draw(10 + t, N), N);
      optimizer.step(_ -> gradient);
    }
    return optimizer;
  }

  private static AdamW.Builder adamw(MomentFormat moments) {
    return AdamW.builder().moments(moments);
  }

  @Test
  void moments_areRoundedBetweenFloat32AndBfloat16() throws IOException {
    Path floats = folder.resolve("f32");
    Path halves = folder.resolve("bf16");
    var converting = LoadOptions.strict().allowOtherHyperparameters().allowTypeConversion();
    try (Arena arena = Arena.ofShared();
        var one = stepped(arena, DType.F32, adamw(MomentFormat.F32));
        var other = stepped(arena, DType.F32, adamw(MomentFormat.BF16))) {
      one.save(floats);
      other.save(halves);
      float[] first = one.firstMoment("w").toFloats();
      Snapshot before = Snapshot.of(other);
      refuses(
          other,
          floats,
          LoadOptions.strict(),
          "setting moments: file=none, optimizer=BF16 (allowOtherHyperparameters)",
          "exp_avg: file=F32, optimizer=BF16 (allowTypeConversion), parameters=[w]",
          "exp_avg_sq: file=F32, optimizer=BF16 (allowTypeConversion), parameters=[w]");
      Snapshot.of(other).assertSame(before);
      LoadReport report = other.load(floats, converting);
      assertThat(report.rounded().get("w"))
          .containsExactly(
              "exp_avg: file=F32, optimizer=BF16", "exp_avg_sq: file=F32, optimizer=BF16");
      assertThat(report.isComplete()).isFalse();
      assertThat(other.firstMoment("w").dtype()).isEqualTo(DType.BF16);
      Snapshot.assertSame(Halves.floats(other.firstMoment("w")), Halves.rounded(first));
      other.load(halves);
      Snapshot.of(other).assertSame(before);
      one.load(halves, converting);
      assertThat(one.firstMoment("w").dtype()).isEqualTo(DType.F32);
      Snapshot.assertSame(one.firstMoment("w").toFloats(), Halves.floats(other.firstMoment("w")));
    }
  }

  @Test
  void subnormalHalves_areZeroWhenLoaded() throws IOException {
    Path file = folder.resolve("subnormal");
    try (Arena arena = Arena.ofShared();
        var one = stepped(arena, DType.BF16, adamw(MomentFormat.BF16));
        var other = stepped(arena, DType.BF16, adamw(MomentFormat.BF16))) {
      float[] first = Halves.floats(one.firstMoment("w"));
      first[7] = -0x1p-127f;
      first[8] = Float.MIN_NORMAL;
      float[] second = Halves.floats(one.secondMoment("w"));
      second[9] = 0x1p-133f;
      Halves.set(one.firstMoment("w"), first);
      Halves.set(one.secondMoment("w"), second);
      one.save(file);
      other.load(file);
      first[7] = 0;
      second[9] = 0;
      Snapshot.assertSame(Halves.floats(other.firstMoment("w")), first);
      Snapshot.assertSame(Halves.floats(other.secondMoment("w")), second);
    }
  }

  @Test
  void eightBitMoments_haveNoConversion() throws IOException {
    Path floats = folder.resolve("f32");
    Path codes = folder.resolve("int8");
    var all =
        LoadOptions.strict()
            .allowOtherHyperparameters()
            .allowOtherOptimizer()
            .allowTypeConversion();
    try (Arena arena = Arena.ofShared();
        var one = stepped(arena, DType.F32, adamw(MomentFormat.F32));
        var other = stepped(arena, DType.F32, adamw(MomentFormat.INT8))) {
      one.save(floats);
      other.save(codes);
      refuses(
          other,
          floats,
          all,
          "exp_avg: file=F32, optimizer=I8, parameters=[w]",
          "exp_avg_sq: file=F32, optimizer=U8, parameters=[w]");
      refuses(
          one,
          codes,
          all,
          "exp_avg: file=I8, optimizer=F32, parameters=[w]",
          "exp_avg_sq: file=U8, optimizer=F32, parameters=[w]");
      refuses(
          one,
          codes,
          LoadOptions.strict(),
          "setting moments: file=INT8, optimizer=none (allowOtherHyperparameters)",
          "state: file=[exp_avg, exp_avg_sq, exp_avg_grid],"
              + " optimizer=[exp_avg, exp_avg_sq] (allowOtherOptimizer), parameters=[w]",
          "exp_avg: file=I8, optimizer=F32, parameters=[w]",
          "exp_avg_sq: file=U8, optimizer=F32, parameters=[w]");
    }
  }

  @Test
  void weights_areLoadedFromTheirTypeAlone() throws IOException {
    Path file = folder.resolve("weights");
    try (Arena arena = Arena.ofShared();
        var one = stepped(arena, DType.BF16, adamw(MomentFormat.BF16));
        var other = stepped(arena, DType.F32, adamw(MomentFormat.BF16))) {
      one.save(file, SaveOptions.defaults().withWeights());
      Snapshot saved = Snapshot.of(one);
      refuses(
          other,
          file,
          LoadOptions.strict().withWeights().allowTypeConversion(),
          "weights: file=BF16, optimizer=F32, parameters=[w]");
      Tensor gradient = Halves.of(arena, DType.BF16, Halves.draw(5, N), N);
      one.step(_ -> gradient);
      one.load(file, LoadOptions.strict().withWeights());
      Snapshot.of(one).assertSame(saved);
    }
  }

  private static void refuses(
      Optimizer optimizer, Path file, LoadOptions options, String... differences) {
    Snapshot before = Snapshot.of(optimizer);
    assertThatThrownBy(() -> optimizer.load(file, options))
        .isInstanceOf(CheckpointMismatchException.class)
        .hasMessage(
            "checkpoint must fit the optimizer, or LoadOptions must allow what differs: file="
                + file
                + "\n  "
                + String.join("\n  ", differences));
    Snapshot.of(optimizer).assertSame(before);
  }
}
