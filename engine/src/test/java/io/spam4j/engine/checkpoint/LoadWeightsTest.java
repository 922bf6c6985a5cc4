package io.spam4j.engine.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Halves;
import io.spam4j.engine.NoCopies;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.TensorRuns;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights are loaded wherever their own shape fits, and a program is told where it does not. */
final class LoadWeightsTest {
  private static final SequencedMap<String, long[]> SHAPES = shapes(5);
  private static final LoadOptions ALL =
      LoadOptions.strict()
          .withWeights()
          .allowOtherOptimizer()
          .allowOtherHyperparameters()
          .allowOtherShapes()
          .allowMissingParameters()
          .allowExtraParameters();

  @TempDir private Path folder;

  private static SequencedMap<String, long[]> shapes(long last) {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("a", new long[] {8, 3});
    shapes.put("b", new long[] {last});
    return shapes;
  }

  private static Stream<Arguments> pairs() {
    List<Supplier<OptimizerBuilder<?>>> builders =
        List.of(
            () -> Spam.builder().density(0.25),
            Spam::builder,
            AdamW::builder,
            StableSpam::builder,
            Sgd::builder,
            () -> Spam.builder().density(0.5));
    return builders.stream()
        .flatMap(one -> builders.stream().map(other -> Arguments.of(one, other)));
  }

  private Path saved(OptimizerBuilder<?> builder) throws IOException {
    Path file = folder.resolve("saved");
    try (var run = new TensorRuns(builder, 1, SHAPES)) {
      run.draw();
      run.step();
      run.optimizer.save(file, SaveOptions.defaults().withWeights());
    }
    return file;
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void weights_areLoadedWhateverBecomesOfTheState(
      Supplier<OptimizerBuilder<?>> one, Supplier<OptimizerBuilder<?>> other) throws IOException {
    Path file = saved(one.get());
    try (var run = new TensorRuns(other.get(), 2, SHAPES);
        Arena arena = Arena.ofShared()) {
      LoadReport report = run.optimizer.load(file, ALL);
      assertThat(report.weights()).containsExactly("a", "b");
      assertThat(report.weightsLeft()).isEmpty();
      Map<String, Tensor> weights = Checkpoint.open(file, arena).weights();
      weights.forEach(
          (name, of) -> Snapshot.assertSame(run.weights(name).toFloats(), of.toFloats()));
    }
  }

  @Test
  void weights_ofOtherShapes_areToldToStay() throws IOException {
    Path file = saved(Spam.builder());
    try (var run = new TensorRuns(Spam.builder(), 2, shapes(6))) {
      float[] before = run.weights("b").toFloats();
      LoadReport report = run.optimizer.load(file, ALL);
      assertThat(report.weights()).containsExactly("a");
      assertThat(report.restored()).containsExactly("a");
      assertThat(report.weightsLeft()).isEqualTo(Map.of("b", "shape: file=[5], optimizer=[6]"));
      assertThat(report.fresh()).isEqualTo(Map.of("b", "shape: file=[5], optimizer=[6]"));
      Snapshot.assertSame(run.weights("b").toFloats(), before);
    }
  }

  @Test
  void parametersThatTheOtherSideLacks_areTold() throws IOException {
    Path file = saved(Spam.builder());
    Map<String, long[]> shapes = Map.of("c", new long[] {5});
    try (var run = new TensorRuns(Spam.builder(), 2, shapes)) {
      LoadReport report = run.optimizer.load(file, ALL);
      assertThat(report.fresh()).isEqualTo(Map.of("c", "not in the file"));
      assertThat(report.weightsLeft()).isEqualTo(Map.of("c", "not in the file"));
      assertThat(report.unused()).containsExactly("a", "b");
    }
  }

  @Test
  void weights_thatTheFileLacks_areRefused_whateverIsAllowed() throws IOException {
    Path file = folder.resolve("state");
    try (var run = new TensorRuns(Spam.builder(), 1, SHAPES)) {
      run.optimizer.save(file);
      assertThatThrownBy(() -> run.optimizer.load(file, ALL))
          .isInstanceOf(CheckpointMismatchException.class)
          .hasMessageContaining(
              "weights: not in the file, save them with SaveOptions.withWeights, parameters=[a, b]");
    }
  }

  @Test
  void lowHalves_goWithTheirWeights_orStay() throws IOException {
    Path file = folder.resolve("exact");
    try (Arena arena = Arena.ofShared();
        Optimizer one = exact(arena, Spam.builder().density(0.5), 1);
        Optimizer other = exact(arena, AdamW.builder(), 2)) {
      one.save(file, SaveOptions.defaults().withWeights());
      Tensor low = Objects.requireNonNull(other.state("w").get("weight_low"));
      byte[] before = low.memory().toArray(JAVA_BYTE);
      other.load(file, LoadOptions.strict().allowOtherOptimizer().allowOtherShapes());
      assertThat(low.memory().mismatch(MemorySegment.ofArray(before))).isEqualTo(-1);
      other.load(file, ALL);
      Tensor saved = Objects.requireNonNull(one.state("w").get("weight_low"));
      assertThat(low.memory().mismatch(saved.memory())).isEqualTo(-1);
    }
  }

  private static Optimizer exact(Arena arena, MomentBuilder<?> builder, int seed) {
    Tensor weights = Halves.of(arena, DType.BF16, Halves.draw(seed, 50), 50);
    Optimizer optimizer =
        builder.weightRounding(WeightRounding.EXACT).build(List.of(new Parameter("w", weights)));
    for (int t = 0; t < 3; t++) {
      Tensor gradient = Halves.of(arena, DType.BF16, Halves.draw(10 * seed + t, 50), 50);
      optimizer.step(_ -> gradient);
    }
    return optimizer;
  }

  @Test
  void planner_restoresTheSame() throws IOException {
    Path file = saved(Sgd.builder());
    try (StepPlanner planner = AdamW.builder().planner(SHAPES, new NoCopies());
        RestoredState restored = planner.load(file, ALL)) {
      assertThat(restored.report().fresh())
          .isEqualTo(
              Map.of(
                  "a", "state: file=of sgd, optimizer=of adamw",
                  "b", "state: file=of sgd, optimizer=of adamw"));
      assertThat(restored.weights(0)).isPresent();
      assertThat(restored.state(0, "exp_avg").toFloats()).containsOnly(0);
      restored.commit();
      assertThat(planner.stepCount()).isEqualTo(1);
    }
  }
}
