package io.spam4j.examples.bench.arms;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.HalfValues;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A step of an optimizer of this engine. */
final class EngineArm implements ArmRun {
  private final BenchMemory memory;
  private final Gradients gradients;
  private final Optimizer optimizer;
  private final ReferenceRule rule;

  /**
   * Allocates the optimizer's state.
   *
   * @param builder with the optimizer's own settings
   * @param rule what it must agree with
   */
  EngineArm(BenchMemory memory, OptimizerBuilder<?> builder, ReferenceRule rule) {
    this(memory, builder, rule, memory.gradients(), memory.threads());
  }

  /**
   * The same with gradients of the memory that are found in another way, on so many threads.
   *
   * @param builder with the optimizer's own settings
   * @param rule what it must agree with
   */
  EngineArm(
      BenchMemory memory,
      OptimizerBuilder<?> builder,
      ReferenceRule rule,
      Gradients gradients,
      int threads) {
    this.memory = memory;
    this.rule = rule;
    this.gradients = gradients;
    optimizer =
        builder
            .threads(threads)
            .learningRate(ReferenceRule.LEARNING_RATE)
            .build(memory.parameters());
  }

  @Override
  public void step() {
    optimizer.step(gradients);
  }

  @Override
  public void check() {
    List<Agreement.Place> places = new ArrayList<>();
    for (Agreement.Place place : Agreement.ofDense(memory)) {
      Optional<IndexMask> mask = optimizer.mask(BenchMemory.name(place.tensor()));
      if (mask.isEmpty()) {
        places.add(place);
      } else if (place.at() == 0) {
        addSparse(places, place.tensor(), mask.get());
      }
    }
    Agreement.check("engine", memory, places, this::step, rule, Agreement.ENGINE);
  }

  /** Of the first and the last block of a selection the first weight, and one not selected. */
  private static void addSparse(List<Agreement.Place> places, int tensor, IndexMask mask) {
    long[] positions = new long[IndexMask.BLOCK];
    for (long block : new long[] {0, mask.blocks() - 1}) {
      int count = mask.decode(block, positions);
      places.add(new Agreement.Place(tensor, positions[0], true));
      for (int i = 1; i < count; i++) {
        if (positions[i] > positions[i - 1] + 1) {
          places.add(new Agreement.Place(tensor, positions[i] - 1, false));
          break;
        }
      }
    }
  }

  @Override
  public void close() {
    optimizer.close();
  }

  /**
   * Steps of an optimizer with an update or transforms of its own. Tensors are matrices of 4096
   * columns where they can be.
   */
  static final class Own implements ArmRun {
    private static final long COLUMNS = 4096;
    private static final int STEPS = 3;

    private final DType dtype;
    private final Supplier<OptimizerBuilder<?>> make;
    private final BenchMemory memory;
    private final Map<String, Tensor> gradients = new HashMap<>();
    private final Optimizer optimizer;

    /**
     * Allocates the optimizer's state, and weights and gradients that are not float32.
     *
     * @param dtype of weights and gradients, F32 or BF16
     */
    Own(BenchMemory memory, DType dtype, Supplier<OptimizerBuilder<?>> make) {
      this.memory = memory;
      this.dtype = dtype;
      this.make = make;
      List<Parameter> parameters = new ArrayList<>();
      for (int i = 0; i < memory.tensors(); i++) {
        Tensor weights = Tensor.of(memory.weightMemory(i), DType.F32, shape(memory.elements(i)));
        Tensor gradient = Tensor.of(memory.gradientMemory(i), DType.F32, weights.shape());
        parameters.add(new Parameter(BenchMemory.name(i), converted(weights)));
        gradients.put(BenchMemory.name(i), converted(gradient));
      }
      optimizer = build(parameters, memory.threads());
    }

    private static long[] shape(long elements) {
      return elements % COLUMNS == 0
          ? new long[] {elements / COLUMNS, COLUMNS}
          : new long[] {elements};
    }

    private Optimizer build(List<Parameter> parameters, int threads) {
      return make.get()
          .threads(threads)
          .learningRate(ReferenceRule.LEARNING_RATE)
          .build(parameters);
    }

    private Tensor converted(Tensor floats) {
      if (dtype == DType.F32) {
        return floats;
      }
      MemorySegment room = memory.allocate(dtype.bytes(floats.elements()));
      Tensor halves = Tensor.of(room, dtype, floats.shape());
      for (long k = 0; k < floats.elements(); k++) {
        HalfValues.set(halves, k, floats.getFloat(k));
      }
      return halves;
    }

    @Override
    public void step() {
      optimizer.step(gradients::get);
    }

    /**
     * Compares with the same on the heap, to the bit, on copies of some of the first tensor's rows.
     * Tests of the engine compare that with plain calculations.
     */
    @Override
    public void check() {
      long count = Math.min(2 * COLUMNS, memory.elements(0));
      long bytes = dtype.bytes(count);
      Tensor gradient = Objects.requireNonNull(gradients.get(BenchMemory.name(0)));
      MemorySegment weights = optimizer.parameters().getFirst().weights().memory();
      byte[] ofWeights = weights.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE);
      byte[] ofGradient = gradient.memory().asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE);
      try (Arena arena = Arena.ofShared()) {
        MemorySegment outside = steps(arena, count, ofWeights, ofGradient);
        MemorySegment heap = steps(null, count, ofWeights, ofGradient);
        if (outside.mismatch(heap) != -1) {
          throw new IllegalStateException(
              "weights must not depend on where they lie: byte=" + outside.mismatch(heap));
        }
      }
      step();
    }

    private MemorySegment steps(
        @Nullable Arena arena, long count, byte[] ofWeights, byte[] ofGradient) {
      Tensor weights = tensor(arena, count, ofWeights);
      Tensor gradient = tensor(arena, count, ofGradient);
      Gradients ofStep = _ -> gradient;
      try (Optimizer one = build(List.of(new Parameter("w", weights)), 1)) {
        for (int t = 0; t < STEPS; t++) {
          one.step(ofStep);
        }
      }
      return weights.memory();
    }

    private Tensor tensor(@Nullable Arena arena, long count, byte[] bytes) {
      MemorySegment heap = MemorySegment.ofArray(bytes.clone());
      MemorySegment room = arena == null ? heap : arena.allocate(bytes.length, 64).copyFrom(heap);
      return Tensor.of(room, dtype, shape(count));
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }

  /**
   * Steps of SPAM in which a share of all coordinates are spikes, at every step: they are
   * nullified, since a clipped spike raises v sixfold and is none before long. The loop is the one
   * that clips.
   */
  static final class Spiky implements ArmRun {
    private static final float FACTOR = 1e9f;

    private final Map<String, Tensor> gradients = new HashMap<>();
    private final Optimizer optimizer;
    private long spikes;

    /**
     * Allocates gradients and the optimizer's state, and does a step without spikes.
     *
     * @param share of the coordinates that are spikes, drawn at random
     */
    Spiky(BenchMemory memory, double share) {
      for (int i = 0; i < memory.tensors(); i++) {
        gradients.put(BenchMemory.name(i), spiky(memory, i, share));
      }
      optimizer =
          Spam.builder()
              .spikeAction(SpikeAction.NULLIFY)
              .resetInterval(0)
              .spikeGraceSteps(0)
              .threads(memory.threads())
              .learningRate(ReferenceRule.LEARNING_RATE)
              .build(memory.parameters());
      optimizer.step(memory.gradients());
    }

    private Tensor spiky(BenchMemory memory, int tensor, double share) {
      long n = memory.elements(tensor);
      Tensor gradient = Tensor.of(memory.allocate(DType.F32.bytes(n)), DType.F32, n);
      Philox random = Philox.stream(1, "bench spikes", tensor);
      for (long k = 0; k < n; k++) {
        boolean isSpike = random.uniform(k) < share;
        spikes += isSpike ? 1 : 0;
        float value = memory.gradient(tensor, k) * (isSpike ? FACTOR : 1);
        gradient.memory().setAtIndex(JAVA_FLOAT, k, value);
      }
      return gradient;
    }

    @Override
    public void step() {
      optimizer.step(gradients::get);
    }

    @Override
    public void check() {
      StepReport report = optimizer.step(Gradients.of(gradients));
      if (report.spikes() != spikes) {
        throw new IllegalStateException(
            "spikes must be found: spikes=%d, expected=%d".formatted(report.spikes(), spikes));
      }
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }
}
