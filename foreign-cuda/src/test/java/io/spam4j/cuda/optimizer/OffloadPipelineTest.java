package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.internal.state.ChunkTable;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights and gradients on the host, moments on the stand-in. */
final class OffloadPipelineTest {
  /** Two tiles. */
  private static final long PIECE = 2L * ChunkTable.TILE * Float.BYTES;

  /** Pieces of one parameter, of several, of parts of two. */
  private static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("small", new long[] {300});
    SHAPES.put("large", new long[] {200_003});
    SHAPES.put("middle", new long[] {50, 1000});
    SHAPES.put("none", new long[] {7});
    SHAPES.put("last", new long[] {70_000});
  }

  private static Stream<Arguments> settings() {
    Supplier<OptimizerBuilder<?>> stable = () -> StableSpam.builder().resetInterval(3);
    Supplier<OptimizerBuilder<?>> sparse =
        () ->
            Spam.builder()
                .resetInterval(3)
                .group("large", group -> group.density(0.05))
                .group("small", group -> group.density(0.5));
    Supplier<OptimizerBuilder<?>> amsgrad = () -> Adam.builder().amsgrad(true);
    return Stream.of(
        Arguments.of("amsgrad", amsgrad),
        Arguments.of("sparse", sparse),
        Arguments.of("stable-spam", stable));
  }

  /** The same weights and gradients twice. */
  private static final class Case implements AutoCloseable {
    final Arena arena = Arena.ofShared();
    final List<Parameter> ofCpu = new ArrayList<>();
    final List<Parameter> ofPipeline = new ArrayList<>();
    final Map<String, Tensor> gradients = new LinkedHashMap<>();

    Case(Map<String, long[]> shapes) {
      var random = new Random(5);
      shapes.forEach(
          (name, shape) -> {
            Tensor one = Tensor.allocate(arena, DType.F32, shape);
            Tensor other = Tensor.allocate(arena, DType.F32, shape);
            fill(one, random);
            other.memory().copyFrom(one.memory());
            ofCpu.add(new Parameter(name, one));
            ofPipeline.add(new Parameter(name, other));
            gradients.put(name, Tensor.allocate(arena, DType.F32, shape));
          });
    }

    private static void fill(Tensor tensor, Random random) {
      for (long i = 0; i < tensor.elements(); i++) {
        float value = (float) random.nextGaussian();
        tensor.setFloat(i, random.nextInt(1000) == 0 ? 1000 * value : value);
      }
    }

    void draw(long t) {
      var random = new Random(t);
      gradients.values().forEach(gradient -> fill(gradient, random));
    }

    Tensor gradient(String name) {
      return Objects.requireNonNull(gradients.get(name));
    }

    void compare() {
      for (int i = 0; i < ofCpu.size(); i++) {
        MemorySegment expected = ofCpu.get(i).weights().memory();
        assertThat(ofPipeline.get(i).weights().memory().mismatch(expected))
            .as("weights of %s", ofCpu.get(i).name())
            .isEqualTo(-1);
      }
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("settings")
  void pipeline_givesTheWeightsOfTheCpu(String name, Supplier<OptimizerBuilder<?>> settings) {
    try (StandInDevice standIn = StandInDevice.open(StandInDevice.Mode.LAZY);
        Case of = new Case(SHAPES);
        Optimizer cpu = settings.get().build(of.ofCpu);
        var pipeline =
            new OffloadPipeline(settings.get(), standIn.device(), of.ofPipeline, PIECE)) {
      for (long t = 0; t < 4; t++) {
        of.draw(t);
        cpu.step(n -> n.equals("none") ? null : of.gradient(n));
        pipeline.step(n -> n.equals("none") ? null : of.gradient(n));
        of.compare();
      }
      assertThat(pipeline.stepCount()).as(name).isEqualTo(4);
    }
  }

  @ParameterizedTest
  @EnumSource(StandInDevice.Mode.class)
  void pipeline_measuresPiecesInAnyMode(StandInDevice.Mode mode) {
    Map<String, long[]> shapes = Map.of("large", new long[] {140_000});
    Supplier<Adam.Builder> settings =
        () -> Adam.builder().transforms(GradientTransform.globalNorm(1));
    try (StandInDevice standIn = StandInDevice.open(mode);
        Case of = new Case(shapes);
        Optimizer cpu = settings.get().build(of.ofCpu);
        var pipeline =
            new OffloadPipeline(settings.get(), standIn.device(), of.ofPipeline, PIECE / 2)) {
      of.draw(1);
      double norm = cpu.step(of::gradient).gradientNorm();
      assertThat(pipeline.step(of::gradient).gradientNorm()).isEqualTo(norm);
      of.compare();
    }
  }

  @Test
  void load_bringsWeightsBackToTheHost(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("run.safetensors");
    Map<String, long[]> shapes = Map.of("w", new long[] {500});
    try (StandInDevice standIn = StandInDevice.open(StandInDevice.Mode.LAZY);
        Case of = new Case(shapes);
        Optimizer cpu = Adam.builder().build(of.ofCpu);
        var pipeline = OffloadPipeline.build(Adam.builder(), standIn.device(), of.ofPipeline)) {
      of.draw(1);
      cpu.step(of::gradient);
      cpu.save(file, SaveOptions.defaults().withWeights());
      pipeline.load(file, LoadOptions.strict().withWeights());
      of.compare();
      of.draw(2);
      cpu.step(of::gradient);
      pipeline.step(of::gradient);
      of.compare();
      of.ofCpu.forEach(parameter -> parameter.weights().setFloat(0, 7));
      of.ofPipeline.forEach(parameter -> parameter.weights().setFloat(0, 7));
      pipeline.takeWeights();
      cpu.step(of::gradient);
      pipeline.step(of::gradient);
      of.compare();
    }
  }

  @Test
  void pipeline_refusesParametersThatCannotBeToldApart() {
    try (StandInDevice standIn = StandInDevice.open(StandInDevice.Mode.LAZY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(40, 4);
      Parameter first = new Parameter("a", Tensor.of(memory.asSlice(0, 24), DType.F32, 6));
      Parameter second = new Parameter("b", Tensor.of(memory.asSlice(20, 20), DType.F32, 5));
      Parameter namesake = new Parameter("a", Tensor.of(memory.asSlice(24, 16), DType.F32, 4));
      assertThatThrownBy(
              () -> OffloadPipeline.build(Adam.builder(), standIn.device(), List.of(first, second)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("weights of two parameters must not overlap: parameters=a, b");
      assertThatThrownBy(
              () ->
                  OffloadPipeline.build(Adam.builder(), standIn.device(), List.of(first, namesake)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("parameter names must be unique: name=a");
    }
  }

  @Test
  void step_refusesMemoryItMustNotRead_andChangesNothing() {
    try (StandInDevice standIn = StandInDevice.open(StandInDevice.Mode.LAZY);
        Case of = new Case(Map.of("w", new long[] {3}));
        var pipeline = OffloadPipeline.build(Adam.builder(), standIn.device(), of.ofPipeline)) {
      Tensor weights = of.ofPipeline.getFirst().weights();
      assertThatThrownBy(() -> pipeline.step(_ -> weights))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("gradient must not overlap weights: parameter=w");
      Tensor freed;
      try (Arena arena = Arena.ofShared()) {
        freed = Tensor.allocate(arena, DType.F32, 3);
      }
      assertThatThrownBy(() -> pipeline.step(_ -> freed))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("gradient must be alive, and of this thread or a shared arena: parameter=w");
      assertThat(pipeline.stepCount()).isZero();
      of.draw(1);
      pipeline.step(of::gradient); // goes on
      assertThat(pipeline.stepCount()).isEqualTo(1);
    }
  }

  @Test
  void pipeline_refusesWhatADeviceCannotCopy() {
    try (StandInDevice standIn = StandInDevice.open(StandInDevice.Mode.LAZY)) {
      List<Parameter> onHeap = List.of(new Parameter("w", Tensor.of(new float[3], 3)));
      assertThatThrownBy(() -> OffloadPipeline.build(Adam.builder(), standIn.device(), onHeap))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "a device copies F32 weights in native memory, use an arena: parameter=w,"
                  + " weights=F32[3]");
      try (Case of = new Case(Map.of("w", new long[] {3}));
          var pipeline = OffloadPipeline.build(Adam.builder(), standIn.device(), of.ofPipeline)) {
        assertThatThrownBy(() -> pipeline.step(_ -> Tensor.of(new float[3], 3)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage(
                "a device copies native memory only, copy the gradient to an arena: parameter=w");
        assertThatThrownBy(() -> pipeline.step(_ -> Tensor.of(new float[4], 4)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage(
                "gradient must be F32 of the shape of its weights: parameter=w, gradient=F32[4],"
                    + " weight=F32[3]");
      }
    }
  }
}
