package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.ResumeRun;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.TensorRuns;
import io.spam4j.engine.ZeroCopies;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Numbers that no step gives are refused, though all checksums are right, and change nothing. */
final class CheckpointValuesTest {
  private static final float[] ODD = {
    Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -1, -0f, Float.MIN_VALUE
  };

  @TempDir private Path folder;

  static List<OptimizerCase> cases() {
    return ResumeRun.cases();
  }

  /** Sets an element to a value, or an integer to its least. */
  private static void set(Tensor tensor, long i, float value) {
    MemorySegment memory = tensor.memory();
    switch (tensor.dtype()) {
      case F32 -> memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * Float.BYTES, value);
      case BF16 ->
          memory.set(
              ValueLayout.JAVA_SHORT_UNALIGNED,
              i * Short.BYTES,
              (short) (Float.floatToRawIntBits(value) >> 16));
      case I8, U8 -> memory.set(ValueLayout.JAVA_BYTE, i, Byte.MIN_VALUE);
      default -> memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * Short.BYTES, Short.MIN_VALUE);
    }
  }

  private static void addFilled(Map<String, Tensor> tensors, List<String> names) {
    tensors.forEach(
        (name, tensor) -> {
          if (tensor.elements() > 0 && !name.endsWith(".mask")) {
            names.add(name);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("cases")
  void oddNumber_isRefused_orCanBeTrainedSavedAndLoadedAgain(OptimizerCase one) throws IOException {
    Path saved = folder.resolve("saved");
    Path changed = folder.resolve("changed");
    var random = new Random(17);
    List<String> names = new ArrayList<>();
    try (var run = ResumeRun.start(one, 1)) {
      run.runTo(60, 0).save(saved);
      RewrittenCheckpoint.write(saved, changed, (tensors, _) -> addFilled(tensors, names));
    }
    int refused = 0;
    try (var run = ResumeRun.start(one, 1)) {
      run.runTo(3, 0);
      for (String name : names) {
        float value = ODD[random.nextInt(ODD.length)];
        long place = random.nextLong(1L << 40);
        RewrittenCheckpoint.write(
            saved,
            changed,
            (tensors, _) -> {
              Tensor tensor = Objects.requireNonNull(tensors.get(name));
              set(tensor, place % tensor.elements(), value);
            });
        Snapshot before = Snapshot.of(run.optimizer);
        try {
          run.load(changed);
        } catch (CheckpointFormatException e) {
          refused++;
          Snapshot.of(run.optimizer).assertSame(before);
          continue;
        }
        run.runTo(72, 60).save(changed);
        Snapshot after = Snapshot.of(run.optimizer);
        try (var next = ResumeRun.start(one, 1)) {
          Snapshot.of(next.load(changed).optimizer).assertSame(after);
        }
      }
    }
    assertThat(names).hasSizeGreaterThan(refused);
  }

  private static TensorRuns adamW(NonFinitePolicy policy, MomentFormat moments) {
    return new TensorRuns(
        AdamW.builder().nonFinite(policy).moments(moments), 1, Map.of("w", new long[] {300}));
  }

  @ParameterizedTest
  @CsvSource({
    "exp_avg_sq, NaN, F32, checkpoint must be finite but with NonFinitePolicy.PROPAGATE",
    "exp_avg_sq, -Infinity, F32, checkpoint must hold what a step can give",
    "exp_avg_sq, -1.0, F32, checkpoint must hold what a step can give",
    "exp_avg_sq, -1.0, BF16, checkpoint must hold what a step can give",
    "exp_avg, NaN, F32, checkpoint must be finite but with NonFinitePolicy.PROPAGATE",
    "exp_avg, Infinity, BF16, checkpoint must be finite but with NonFinitePolicy.PROPAGATE",
    "exp_avg_grid, -1.0, INT8, checkpoint must hold what a step can give",
    "exp_avg_grid, 1.0, INT8, checkpoint must hold what a step can give",
    "exp_avg_grid, Infinity, INT8, checkpoint must hold what a step can give",
    "exp_avg_grid, NaN, INT8, checkpoint must be finite but with NonFinitePolicy.PROPAGATE",
    "weights, NaN, F32, checkpoint must be finite but with NonFinitePolicy.PROPAGATE",
  })
  void number_thatNoStepGives_isRefusedWithFileKeyAndValue(
      String state, float value, MomentFormat moments, String rule) throws IOException {
    Path file = folder.resolve("changed");
    boolean isWeights = state.equals("weights");
    try (var run = adamW(NonFinitePolicy.SKIP_COORDINATE, moments)) {
      run.draw();
      run.step();
      run.optimizer.save(file, SaveOptions.defaults().withWeights());
      String name = isWeights ? "weights.w" : "state.w." + state;
      RewrittenCheckpoint.write(
          file, file, (tensors, _) -> set(Objects.requireNonNull(tensors.get(name)), 2, value));
      run.draw();
      run.step();
      Snapshot before = Snapshot.of(run.optimizer);

      assertThatThrownBy(() -> run.optimizer.load(file, LoadOptions.strict().withWeights()))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessage(
              "%s, take an older file: file=%s, parameter=w, state=%s, element=2, value=%s",
              rule, file, state, value);

      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  @Test
  void save_ofWeightsThatCouldNotBeLoaded_isRefused_andTheOldFileStays() throws IOException {
    Path file = folder.resolve("file");
    try (var run = adamW(NonFinitePolicy.SKIP_COORDINATE, MomentFormat.F32)) {
      run.draw();
      run.step();
      run.optimizer.save(file, SaveOptions.defaults().withWeights());
      byte[] old = Files.readAllBytes(file);
      run.optimizer.parameters().getFirst().weights().setFloat(7, Float.POSITIVE_INFINITY);

      assertThatThrownBy(() -> run.optimizer.save(file, SaveOptions.defaults().withWeights()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "what is saved must be finite but with NonFinitePolicy.PROPAGATE, go back to an older"
                  + " file: parameter=w, state=weights, element=7, value=Infinity");

      assertThat(file).hasBinaryContent(old);
      run.optimizer.save(file, SaveOptions.defaults());
    }
  }

  @Test
  void save_ofStateThatCouldNotBeLoaded_isRefused() throws IOException {
    Path file = folder.resolve("file");
    OptimizerBuilder<?> still = Sgd.builder().momentum(0.9).learningRate(0).weightDecay(10);
    try (var run = new TensorRuns(still, 1, Map.of("w", new long[] {30}))) {
      run.draw();
      run.step();
      run.optimizer.save(file);
      run.optimizer.parameters().getFirst().weights().setFloat(3, Float.MAX_VALUE);
      run.step();

      assertThatThrownBy(() -> run.optimizer.save(file))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "what is saved must be finite but with NonFinitePolicy.PROPAGATE, go back to an older"
                  + " file: parameter=w, state=momentum_buffer, element=3, value=Infinity");

      assertThat(run.optimizer.load(file).isComplete()).isTrue();
    }
  }

  private static Tensor gradient(TensorRuns run) {
    return Objects.requireNonNull(run.gradients.get("w"));
  }

  @Test
  void infiniteSquare_thatAFiniteGradientGives_isLoaded() throws IOException {
    Path file = folder.resolve("infinite");
    var builder = // of those that do not limit gradients
        Spam.builder(Spam.Preset.REFERENCE).nonFinite(NonFinitePolicy.SKIP_COORDINATE);
    try (var run = new TensorRuns(builder, 1, Map.of("w", new long[] {300}))) {
      run.draw();
      gradient(run).setFloat(5, 1e30f);
      run.step();
      assertThat(run.optimizer.secondMoment("w").getFloat(5)).isInfinite();
      run.optimizer.save(file, SaveOptions.defaults().withWeights());
      Snapshot before = Snapshot.of(run.optimizer);

      run.optimizer.load(file, LoadOptions.strict().withWeights());

      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  @ParameterizedTest
  @CsvSource({"F32", "BF16", "INT8"})
  void whatARunUnderPropagateHasSaved_isLoadedUnderItAlone(MomentFormat moments)
      throws IOException {
    Path file = folder.resolve("poisoned");
    Snapshot saved;
    try (var run = adamW(NonFinitePolicy.PROPAGATE, moments)) {
      run.draw();
      gradient(run).setFloat(7, Float.NaN);
      gradient(run).setFloat(8, Float.NEGATIVE_INFINITY);
      run.step();
      run.optimizer.save(file, SaveOptions.defaults().withWeights());
      saved = Snapshot.of(run.optimizer);
    }
    try (var run = adamW(NonFinitePolicy.PROPAGATE, moments)) {
      run.optimizer.load(file, LoadOptions.strict().withWeights());
      Snapshot.of(run.optimizer).assertSame(saved);
    }
    LoadOptions options = LoadOptions.strict().withWeights().allowOtherHyperparameters();
    try (var run = adamW(NonFinitePolicy.SKIP_COORDINATE, moments)) {
      Snapshot before = Snapshot.of(run.optimizer);
      assertThatThrownBy(() -> run.optimizer.load(file, options))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessageStartingWith(
              "checkpoint must be finite but with NonFinitePolicy.PROPAGATE, take an older file: ");
      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "updates; 9223372036854775804; checkpoint count must be one that a run can come to, at most"
            + " 9007199254740992: file=%s, key=spam4j.parameter.w, field=updates, text=%s",
        "updates; 4; checkpoint updates since a reset must be at most all, and these at most the"
            + " steps: file=%s, parameter=w, updatesSinceReset=3, updates=%s, steps=3",
        "updatesSinceReset; 4; checkpoint updates since a reset must be at most all, and these at"
            + " most the steps: file=%s, parameter=w, updatesSinceReset=%s, updates=3, steps=3",
        "spikes; 901; checkpoint spikes must be at most one a weight and step: file=%s,"
            + " parameter=w, spikes=%s, weights=300, steps=3",
        "m_max_count; 1.0E308; checkpoint count must be at most the steps, steps=3: file=%s,"
            + " parameter=w, scalar=m_max_count, value=%s",
        "v_norm_t; NaN; checkpoint must be finite but with NonFinitePolicy.PROPAGATE, take an older"
            + " file: file=%s, parameter=w, scalar=v_norm_t, value=%s",
        "m_norm_t; -1.0; checkpoint scalar must not be negative: file=%s, parameter=w,"
            + " scalar=m_norm_t, value=%s",
        "m_max_t; 1.0E39; checkpoint scalar must be what gradients give, at most"
            + " 3.4028234663852886E38: file=%s, parameter=w, scalar=m_max_t, value=%s",
      })
  void field_thatNoRunHas_isRefused(String field, String value, String message) throws IOException {
    Path file = folder.resolve("changed");
    var builder = StableSpam.builder().nonFinite(NonFinitePolicy.SKIP_COORDINATE);
    try (var run = new TensorRuns(builder, 1, Map.of("w", new long[] {300}))) {
      for (int t = 0; t < 3; t++) {
        run.draw();
        run.step();
      }
      run.optimizer.save(file);
      RewrittenCheckpoint.write(
          file, file, (_, metadata) -> RewrittenCheckpoint.setField(metadata, "w", field, value));
      Snapshot before = Snapshot.of(run.optimizer);

      assertThatThrownBy(() -> run.optimizer.load(file))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessage(message.formatted(file, value));

      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  @Test
  void steps_thatCouldNotBeCountedOn_areRefused_andTheLastOnesNotDone() throws IOException {
    Path file = folder.resolve("old");
    try (var run = adamW(NonFinitePolicy.SKIP_COORDINATE, MomentFormat.F32)) {
      run.draw();
      run.step();
      run.optimizer.save(file);
      RewrittenCheckpoint.write(
          file, file, (_, metadata) -> metadata.put(CheckpointFormat.STEPS, "9223372036854775804"));
      assertThatThrownBy(() -> run.optimizer.load(file))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessage(
              "checkpoint count must be one that a run can come to, at most 9007199254740992:"
                  + " file=%s, key=spam4j.steps, text=9223372036854775804",
              file);
      RewrittenCheckpoint.write(
          file, file, (_, metadata) -> metadata.put(CheckpointFormat.STEPS, "9007199254740992"));
      run.optimizer.load(file);
      assertThatThrownBy(run::step)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "an optimizer does at most so many steps, start a new one: steps=9007199254740992");
      run.optimizer.save(file);
      run.optimizer.load(file);
      assertThat(run.optimizer.stepCount()).isEqualTo(1L << 53);
    }
  }

  @Test
  void planner_numberThatNoStepGives_isRefused() throws IOException {
    Path file = folder.resolve("changed");
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("w", new long[] {30});
    try (StepPlanner planner = AdamW.builder().planner(shapes, new ZeroCopies(shapes))) {
      planner.save(file, SaveOptions.defaults());
      RewrittenCheckpoint.write(
          file,
          file,
          (tensors, _) -> set(Objects.requireNonNull(tensors.get("state.w.exp_avg_sq")), 2, -1));

      assertThatThrownBy(() -> planner.load(file, LoadOptions.strict()))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessage(
              "checkpoint must hold what a step can give, take an older file: file=%s, parameter=w,"
                  + " state=exp_avg_sq, element=2, value=-1.0",
              file);
    }
  }

  @Test
  void code_ofNoMoment_isRefused() throws IOException {
    Path file = folder.resolve("changed");
    try (var run = adamW(NonFinitePolicy.PROPAGATE, MomentFormat.INT8)) {
      run.draw();
      run.step();
      run.optimizer.save(file);
      RewrittenCheckpoint.write(
          file,
          file,
          (tensors, _) -> {
            Tensor codes = Objects.requireNonNull(tensors.get("state.w.exp_avg"));
            assertThat(codes.dtype()).isEqualTo(DType.I8);
            set(codes, 2, 0);
          });
      assertThatThrownBy(() -> run.optimizer.load(file))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessage(
              "checkpoint must hold what a step can give, take an older file: file=%s, parameter=w,"
                  + " state=exp_avg, element=2, value=-128",
              file);
    }
  }
}
