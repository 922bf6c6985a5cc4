package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A constant factor as a transform, and transforms that are for some parameters only. */
final class SomeTransformsTest {
  private static final SequencedMap<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("body", new long[] {4, 30});
    SHAPES.put("head.weight", new long[] {3, 20});
    SHAPES.put("head.bias", new long[] {7});
  }

  @TempDir private Path folder;

  private static Stream<Supplier<OptimizerBuilder<?>>> builders() {
    return Stream.of(
        Spam::builder,
        () -> Spam.builder().density(0.3),
        StableSpam::builder,
        AdamW::builder,
        Lion::builder,
        Sgd::builder,
        Adafactor::builder);
  }

  private static void steps(TensorRuns run, float factor) {
    for (int t = 0; t < 5; t++) {
      run.draw();
      for (Map.Entry<String, long[]> shape : SHAPES.entrySet()) {
        var gradient = run.gradient(shape.getKey());
        for (long i = 0; i < gradient.elements(); i++) {
          gradient.setFloat(i, gradient.getFloat(i) * factor);
        }
      }
      run.step();
    }
  }

  /** Powers of two, so that no product is rounded. */
  @ParameterizedTest
  @MethodSource("builders")
  void scale_givesTheBitsOfScaledGradients(Supplier<OptimizerBuilder<?>> builder) {
    GradientTransform norm = GradientTransform.globalNorm(8);
    for (GradientTransform[] behind :
        List.of(
            new GradientTransform[0],
            new GradientTransform[] {norm},
            new GradientTransform[] {norm, GradientTransform.agc(), GradientTransform.adaClip()})) {
      var chain = Stream.concat(Stream.of(GradientTransform.scale(0.25)), Stream.of(behind));
      try (var scaled =
              new TensorRuns(
                  builder.get().transforms(chain.toArray(GradientTransform[]::new)), 1, SHAPES);
          var plain = new TensorRuns(builder.get().transforms(behind), 1, SHAPES)) {
        steps(scaled, 1);
        steps(plain, 0.25f);
        assertThat(scaled.bits()).isEqualTo(plain.bits());
      }
    }
  }

  @Test
  void scale_costsNoPass_andIsTold() {
    var scaled = AdamW.builder().transforms(GradientTransform.scale(0.125));
    try (var run = new Runs(scaled, 1, 2);
        var plain = new Runs(AdamW.builder(), 1, 2)) {
      StepReport report = run.step(8, 16);
      assertThat(report.gradientScale(0)).isEqualTo(0.125);
      assertThat(report.gradientNorm()).isNaN();
      assertThat(report.bytes()).isEqualTo(plain.step(1, 2).bytes());
      assertThat(run.bits()).isEqualTo(plain.bits());
      assertThat(run.optimizer.memory()).isEqualTo(plain.optimizer.memory());
    }
  }

  @Test
  void scale_behindTheNorm_isOfWhatTheNormLeaves() {
    var norm = GradientTransform.globalNorm(1);
    var half = GradientTransform.scale(0.5);
    try (var before = new Runs(sgd(half, norm), 0, 0);
        var behind = new Runs(sgd(norm, half), 0, 0)) {
      before.step(1.2f, 1.6f); // of norm 2, halved 1
      behind.step(1.2f, 1.6f);
      assertThat(before.weights).containsExactly(new float[] {-0.6f, -0.8f}, within(1e-5f));
      assertThat(behind.weights).containsExactly(new float[] {-0.3f, -0.4f}, within(1e-5f));
    }
  }

  private static Sgd.Builder sgd(GradientTransform... transforms) {
    return Sgd.builder().momentum(0).learningRate(1).transforms(transforms);
  }

  @Test
  void agc_sparesTheLastLayer() {
    var spares = GradientTransform.agc().except("head.*");
    try (var some = new TensorRuns(AdamW.builder().transforms(spares), 1, SHAPES);
        var none = new TensorRuns(AdamW.builder(), 1, SHAPES);
        var all = new TensorRuns(AdamW.builder().transforms(GradientTransform.agc()), 1, SHAPES)) {
      for (TensorRuns run : List.of(some, none, all)) {
        steps(run, 1);
      }
      assertState(some, all, "body");
      assertState(some, none, "head.weight");
      assertState(some, none, "head.bias");
      assertThat(none.state("body", "exp_avg").toFloats())
          .isNotEqualTo(all.state("body", "exp_avg").toFloats());
    }
  }

  private static void assertState(TensorRuns one, TensorRuns other, String name) {
    Snapshot.assertSame(
        one.state(name, "exp_avg").toFloats(), other.state(name, "exp_avg").toFloats());
  }

  /** What is spared is as if it were not there: the norm, and all that is remembered. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void others_areLikeAnOptimizerOfTheirOwn(boolean fused) {
    GradientTransform[] chain =
        fused
            ? new GradientTransform[] {GradientTransform.globalNorm(5), GradientTransform.adaClip()}
            : new GradientTransform[] {
              GradientTransform.zClip(), GradientTransform.adaGN(), GradientTransform.value(0.1)
            };
    var restricted = Stream.of(chain).map(t -> t.only("body")).toArray(GradientTransform[]::new);
    SequencedMap<String, long[]> alone = new LinkedHashMap<>();
    alone.put("body", new long[] {4, 30});
    try (var some = new TensorRuns(Spam.builder().transforms(restricted), 1, SHAPES);
        var one = new TensorRuns(Spam.builder().transforms(chain), 2, alone);
        var plain = new TensorRuns(Spam.builder(), 1, SHAPES)) {
      for (int t = 0; t < 40; t++) {
        some.draw();
        plain.draw();
        one.gradients.put("body", some.gradient("body"));
        some.step();
        plain.step();
        one.step();
      }
      assertState(some, one, "body");
      assertThat(some.optimizer.scalars("body")).isEqualTo(one.optimizer.scalars("body"));
      assertState(some, plain, "head.weight");
      assertState(some, plain, "head.bias");
    }
  }

  @Test
  void patterns_areInTheFile_withoutWhatSeparatesTransforms() throws IOException {
    Map<String, long[]> shapes = Map.of("a], [b|%", new long[] {3});
    var some = GradientTransform.agc().only("a], [*", "*|%");
    Path file = folder.resolve("some");
    try (var run = new TensorRuns(AdamW.builder().transforms(some), 1, shapes);
        Arena arena = Arena.ofShared()) {
      run.optimizer.save(file);
      assertThat(Checkpoint.open(file, arena).settings())
          .containsEntry(
              "transforms", "[Agc[clipping=0.01, epsilon=0.001, only=a%5D%2C %5B*|*%7C%25]]");
    }
  }

  @Test
  void patterns_ofNothing_areRefused() {
    assertThatThrownBy(() -> built(GradientTransform.agc().except("tail.*")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "a transform for some parameters must name one: pattern=tail.*, transform=Agc[clipping=0.01,"
                + " epsilon=0.001], parameters=[body, head.weight, head.bias]");
    assertThatThrownBy(() -> GradientTransform.agc().only())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "a transform for some parameters must have patterns, and be restricted once:"
                + " transform=Agc[clipping=0.01, epsilon=0.001], patterns=[]");
    assertThatThrownBy(() -> GradientTransform.agc().only("a").except("b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("a transform for some parameters must have patterns, and be");
    assertThatThrownBy(
            () ->
                AdamW.builder()
                    .transforms(GradientTransform.value(1).only("tail"))
                    .plannedMemory(SHAPES))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void built(GradientTransform transform) {
    new TensorRuns(AdamW.builder().transforms(transform), 1, SHAPES).close();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, 1e-46, 1e39, Double.NaN, Double.POSITIVE_INFINITY})
  void factor_thatIsNoPositiveFloat_isRefused(double factor) {
    assertThatThrownBy(() -> GradientTransform.scale(factor))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("factor must be positive and finite as a float: factor=" + factor);
  }

  @Test
  void devices_refuseOnlyThoseThatLookAtSome() {
    var value = AdamW.builder().transforms(GradientTransform.value(1).only("body"));
    value.planner(SHAPES, new NoCopies()).close();
    var norm = AdamW.builder().transforms(GradientTransform.globalNorm(1).only("body"));
    assertThatThrownBy(() -> norm.planner(SHAPES, new NoCopies()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "what runs on a device must have a form for it, use the CPU for this: optimizer=adamw,"
                + " one of its transforms is decided on the CPU alone:"
                + " transforms=[GlobalNorm[maxNorm=1.0, only=body]]");
  }

  @Test
  void scale_onADevice_isDecidedBeforehand_andFollowedWhereALaterOneLooks() {
    var scale = GradientTransform.scale(0.5);
    try (var planner = AdamW.builder().transforms(scale).planner(SHAPES, new NoCopies())) {
      assertThat(planner.transforms()).isEmpty();
      assertThat(planner.measures()).isFalse();
    }
    var norm = GradientTransform.globalNorm(1);
    try (var planner = AdamW.builder().transforms(scale, norm).planner(SHAPES, new NoCopies())) {
      assertThat(planner.transforms()).hasSize(2);
      assertThat(planner.transforms().getFirst().isFollowed()).isTrue();
    }
    try (var planner = AdamW.builder().transforms(norm, scale).planner(SHAPES, new NoCopies())) {
      assertThat(planner.transforms()).hasSize(1);
    }
  }
}
