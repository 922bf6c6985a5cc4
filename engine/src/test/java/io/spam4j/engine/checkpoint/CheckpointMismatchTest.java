package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Snapshot;
import io.spam4j.engine.TensorRuns;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a load refuses, what each option allows, and that a refused load changes nothing. */
final class CheckpointMismatchTest {
  private static final Map<String, long[]> SHAPES = shapes("b", 5);

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void save() throws IOException {
    file = folder.resolve("saved");
    try (var run = new TensorRuns(Spam.builder(), 1, SHAPES)) {
      steps(run, 3);
      run.optimizer.save(file);
    }
  }

  /** A matrix called "a" and another tensor, in this order. */
  private static Map<String, long[]> shapes(String name, long... shape) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("a", new long[] {3, 2});
    shapes.put(name, shape);
    return shapes;
  }

  private static void steps(TensorRuns run, int steps) {
    for (int t = 0; t < steps; t++) {
      run.draw();
      run.step();
    }
  }

  /** Expects these differences, and that nothing changes. */
  private void refuses(
      OptimizerBuilder<?> builder,
      Map<String, long[]> shapes,
      LoadOptions options,
      String... differences) {
    try (var run = new TensorRuns(builder, 2, shapes)) {
      steps(run, 2);
      Snapshot before = Snapshot.of(run.optimizer);
      assertThatThrownBy(() -> run.optimizer.load(file, options))
          .isInstanceOfSatisfying(
              CheckpointMismatchException.class,
              e -> assertThat(e.differences()).containsExactlyInAnyOrder(differences))
          .hasMessageStartingWith(
              "checkpoint must fit the optimizer, or LoadOptions must allow what differs: file="
                  + file
                  + "\n  ");
      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  /** A state tensor after loading, as {@code parameter.state}. */
  private float[] loaded(
      OptimizerBuilder<?> builder, Map<String, long[]> shapes, LoadOptions options, String state)
      throws IOException {
    try (var run = new TensorRuns(builder, 2, shapes)) {
      steps(run, 2);
      run.optimizer.load(file, options);
      assertThat(run.optimizer.stepCount()).isEqualTo(3);
      return run.state(state.substring(0, 1), state.substring(2)).toFloats();
    }
  }

  private float[] saved(String state) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return Safetensors.open(file, arena).tensor("state." + state).toFloats();
    }
  }

  @Test
  void otherSettings_areAllListed_andAllowedOnPurpose() throws IOException {
    var other =
        Spam.builder().resetInterval(7).seed(1).group("b", g -> g.weightDecay(0.5).learningRate(2));
    refuses(
        other,
        SHAPES,
        LoadOptions.strict(),
        "setting resetInterval: file=500, optimizer=7 (allowOtherHyperparameters)",
        "setting seed: file=0, optimizer=1 (allowOtherHyperparameters)",
        "learningRate: file=0.001, optimizer=2.0 (allowOtherHyperparameters), parameters=[b]",
        "weightDecay: file=0.0, optimizer=0.5 (allowOtherHyperparameters), parameters=[b]");
    var allowed = LoadOptions.strict().allowOtherHyperparameters();
    Snapshot.assertSame(loaded(other, SHAPES, allowed, "b.exp_avg"), saved("b.exp_avg"));
  }

  @Test
  void otherOptimizer_isRefused_orTakesTheStateThatBothHave() throws IOException {
    refuses(
        AdamW.builder().amsgrad(true),
        SHAPES,
        LoadOptions.strict(),
        "optimizer: file=spam, optimizer=adamw (allowOtherOptimizer)",
        "state: file=[exp_avg, exp_avg_sq], optimizer=[exp_avg, exp_avg_sq, max_exp_avg_sq]"
            + " (allowOtherOptimizer), parameters=[a, b]");
    var allowed = LoadOptions.strict().allowOtherOptimizer();
    var amsgrad = AdamW.builder().amsgrad(true);
    Snapshot.assertSame(loaded(amsgrad, SHAPES, allowed, "a.exp_avg_sq"), saved("a.exp_avg_sq"));
    assertThat(loaded(amsgrad, SHAPES, allowed, "a.max_exp_avg_sq")).containsOnly(0);
  }

  @Test
  void missingAndExtraParameters_areRefused_orStartAfreshAndAreLeftOut() throws IOException {
    Map<String, long[]> shapes = shapes("c", 5);
    refuses(
        Spam.builder(),
        shapes,
        LoadOptions.strict(),
        "parameter: file=none, optimizer=c (allowMissingParameters)",
        "parameter: file=b, optimizer=none (allowExtraParameters)");
    refuses(
        Spam.builder(),
        shapes,
        LoadOptions.strict().allowExtraParameters(),
        "parameter: file=none, optimizer=c (allowMissingParameters)");
    var both = LoadOptions.strict().allowExtraParameters().allowMissingParameters();
    Snapshot.assertSame(loaded(Spam.builder(), shapes, both, "a.exp_avg"), saved("a.exp_avg"));
    assertThat(loaded(Spam.builder(), shapes, both, "c.exp_avg")).containsOnly(0);
    var renamed = LoadOptions.strict().renaming(name -> name.equals("c") ? "b" : name);
    Snapshot.assertSame(loaded(Spam.builder(), shapes, renamed, "c.exp_avg"), saved("b.exp_avg"));
  }

  @Test
  void otherShapes_areRefused_orStartAfresh() throws IOException {
    Map<String, long[]> shapes = shapes("b", 5, 1);
    refuses(
        Spam.builder(),
        shapes,
        LoadOptions.strict(),
        "shape: file=[5], optimizer=[5, 1] (allowOtherShapes), parameters=[b]");
    var allowed = LoadOptions.strict().allowOtherShapes();
    assertThat(loaded(Spam.builder(), shapes, allowed, "b.exp_avg")).containsOnly(0);
    Snapshot.assertSame(loaded(Spam.builder(), shapes, allowed, "a.exp_avg"), saved("a.exp_avg"));
  }

  @Test
  void sparseState_doesNotFitADenseOptimizer() throws IOException {
    try (var run = new TensorRuns(Spam.builder().density(0.5), 1, SHAPES)) {
      steps(run, 3);
      run.optimizer.save(file);
    }
    refuses(
        Spam.builder(),
        SHAPES,
        LoadOptions.strict(),
        "density: file=0.5, optimizer=1.0 (allowOtherHyperparameters), parameters=[a, b]",
        "weights with state: file=selected, optimizer=all (allowOtherShapes), parameters=[a, b]");
  }

  @Test
  void weights_areRefusedWhereNoneWereSaved() {
    refuses(
        Spam.builder(),
        SHAPES,
        LoadOptions.strict().withWeights(),
        "weights: not in the file, save them with SaveOptions.withWeights, parameters=[a, b]");
  }

  @Test
  void otherTypes_areRefused_orRounded() throws IOException {
    rewrite("state.b.exp_avg", DType.BF16);
    refuses(
        Spam.builder(),
        SHAPES,
        LoadOptions.strict(),
        "exp_avg: file=BF16, optimizer=F32 (allowTypeConversion), parameters=[b]");
    var allowed = LoadOptions.strict().allowTypeConversion();
    assertThat(loaded(Spam.builder(), SHAPES, allowed, "b.exp_avg"))
        .containsExactly(0f, 1f, 2f, 3f, 4f);
    rewrite("state.b.exp_avg", DType.I16);
    refuses(Spam.builder(), SHAPES, allowed, "exp_avg: file=I16, optimizer=F32, parameters=[b]");
  }

  /** Puts 0 to 4 in 16 bits in the place of a tensor of five elements. */
  private void rewrite(String name, DType dtype) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors old = Safetensors.open(file, arena);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      old.names().forEach(one -> tensors.put(one, old.tensor(one)));
      Tensor values = Tensor.allocate(arena, dtype, 5);
      for (int i = 0; i < 5; i++) {
        short bits = (short) (Float.floatToIntBits(i) >>> 16);
        values.memory().setAtIndex(ValueLayout.JAVA_SHORT, i, bits);
      }
      tensors.put(name, values);
      Map<String, String> metadata = new LinkedHashMap<>(old.metadata());
      metadata.put("spam4j.crc32c." + name, CheckpointFormat.crc(values));
      metadata.put("spam4j.crc32c", CheckpointFormat.headerCrc(metadata, tensors));
      Safetensors.write(file, tensors, metadata);
    }
  }

  @Test
  void notes_andWeights_comeBack() throws IOException {
    try (var run = new TensorRuns(Adam.builder(), 1, SHAPES);
        Arena arena = Arena.ofConfined()) {
      steps(run, 2);
      run.optimizer.save(file, SaveOptions.defaults().withWeights().note("batch", "a b=\n\"7\""));
      Checkpoint saved = Checkpoint.open(file, arena);
      assertThat(saved.notes()).isEqualTo(Map.of("batch", "a b=\n\"7\""));
      assertThat(saved.weights().keySet()).isEqualTo(Set.of("a", "b"));
      try (var other = new TensorRuns(Adam.builder(), 7, SHAPES)) {
        other.optimizer.load(file, LoadOptions.strict().withWeights());
        Snapshot.of(other.optimizer).assertSame(Snapshot.of(run.optimizer));
      }
    }
  }

  @Test
  void foreignFiles_andUnknownVersions_areRefused() throws IOException {
    Path foreign = folder.resolve("foreign");
    Safetensors.write(foreign, Map.of(), Map.of("format", "pt"));
    refusesFile(
        foreign, "file must be a checkpoint of spam4j: file=" + foreign + ", metadata=[format]");
    Safetensors.write(foreign, Map.of(), Map.of("spam4j.format", "2"));
    refusesFile(
        foreign,
        "checkpoint must be of a version that is known here, use a newer spam4j: file="
            + foreign
            + ", version=2, newest=1");
  }

  private static void refusesFile(Path path, String message) {
    try (var run = new TensorRuns(Spam.builder(), 2, SHAPES)) {
      Snapshot before = Snapshot.of(run.optimizer);
      assertThatThrownBy(() -> run.optimizer.load(path))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessage(message);
      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  @Test
  void closedOptimizer_neitherSavesNorLoads() {
    var run = new TensorRuns(Spam.builder(), 2, SHAPES);
    run.close();
    for (var use :
        List.<ThrowingCallable>of(() -> run.optimizer.save(file), () -> run.optimizer.load(file))) {
      assertThatThrownBy(use)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the optimizer must be open: it was closed");
    }
  }
}
