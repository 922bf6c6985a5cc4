package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.engine.checkpoint.Python;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@link MomentFormat#BF16_EMULATED} beside the authors' chain of operations in PyTorch, on tensors
 * in bfloat16: the same bits, over three resets, with spikes, dead coordinates, tiny gradients and
 * an infinite one. The recorded trace is a GPU's. Beside it torch runs on the CPU, where in the
 * exact cases every number is a bfloat16 and the operations are torch's own, and in the others they
 * imitate a GPU; see resources/torch/emulated.py.
 */
final class EmulatedTraceTest {
  private static final int STEPS = 66;
  private static final int RESET_INTERVAL = 20;

  /** In step 3 it shows that a GPU multiplies and adds in one operation. */
  private static final List<Integer> RECORDED = List.of(1, 3, 8, 19, 20, 21, 33, 41, 55, STEPS);

  private static final String TRACE = "/torch/emulated.safetensors";

  @TempDir private static Path folder;

  private static boolean hasTorch;

  @BeforeAll
  static void runTorch() throws Exception {
    hasTorch = Python.hasTorch();
    if (hasTorch) {
      runTorch(folder);
    }
  }

  /** What emulated.py has under the same name. */
  record Case(String name, boolean isExact, boolean isMasked, long seed) {
    long[] shape() {
      return isMasked ? new long[] {16, 15} : new long[] {101};
    }

    String key(String name, int number) {
      return this + "." + name + "." + number;
    }

    int elements() {
      return (int) Arrays.stream(shape()).reduce(1, (a, b) -> a * b);
    }

    Spam.Builder builder() {
      Spam.Builder builder =
          Spam.builder(Spam.Preset.REFERENCE)
              .moments(MomentFormat.BF16_EMULATED)
              .weightRounding(WeightRounding.NEAREST)
              .resetInterval(RESET_INTERVAL)
              .spikeGraceSteps(7)
              .threads(1);
      builder = isExact ? exact(builder) : usual(builder);
      return isMasked
          ? builder
              .density(0.3)
              .maskSelection(MaskSelection.given((_, interval) -> positions((int) interval)))
          : builder;
    }

    /** Another number of positions in each interval. */
    long[] positions(int interval) {
      var random = new Random(100 + interval);
      return IntStream.range(0, elements())
          .filter(_ -> random.nextInt(10) < 3)
          .asLongStream()
          .toArray();
    }

    float[] gradient(int t) {
      float[] values = Halves.draw(1000 * seed + t, elements());
      values[3] *= t < 10 ? 0 : 1; // v = 0 when clipping starts: dead until the reset
      values[4] *= 0x1p-63f; // the square is subnormal
      values[5] = t == 33 ? Float.NEGATIVE_INFINITY : values[5];
      return values;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case("exact-dense", true, false, 1),
        new Case("exact-masked", true, true, 2),
        new Case("gpu-dense", false, false, 3),
        new Case("gpu-masked", false, true, 4));
  }

  private static Spam.Builder exact(Spam.Builder builder) {
    return builder
        .learningRate(0x1p-7)
        .betas(0.875, 1 - 0x1p-8)
        .epsilon(0x1p-20)
        .weightDecay(1)
        .biasCorrection(BiasCorrection.NONE)
        .rewarmSteps(0)
        .spikeThreshold(48);
  }

  private static Spam.Builder usual(Spam.Builder builder) {
    return builder.learningRate(1e-2).weightDecay(0.7).rewarmSteps(12).spikeThreshold(50);
  }

  /** What both sides start from. */
  private static Map<String, Tensor> inputs() {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (Case one : cases().toList()) {
      inputs.put(one + ".init", halves(one, Halves.draw(one.seed, one.elements())));
      for (int t = 1; t <= STEPS; t++) {
        inputs.put(one.key("grad", t), halves(one, one.gradient(t)));
      }
      for (int i = 0; one.isMasked() && i <= (STEPS + 1) / RESET_INTERVAL; i++) {
        byte[] selected = new byte[one.elements()];
        for (long position : one.positions(i)) {
          selected[(int) position] = 1;
        }
        Tensor mask = Tensor.of(MemorySegment.ofArray(selected), DType.U8, one.shape());
        inputs.put(one.key("mask", i), mask);
      }
    }
    return inputs;
  }

  private static Tensor halves(Case one, float[] values) {
    var memory = MemorySegment.ofArray(new short[values.length]);
    Tensor tensor = Tensor.of(memory, DType.BF16, one.shape());
    Halves.set(tensor, values);
    return tensor;
  }

  /** Leaves its outputs in the folder. */
  private static void runTorch(Path folder) throws Exception {
    Safetensors.write(folder.resolve("inputs"), inputs(), Map.of());
    Python.emulated(folder);
  }

  private static Map<String, Tensor> read(Path file, Arena arena) throws IOException {
    Safetensors outputs = Safetensors.open(file, arena);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    outputs.names().forEach(name -> tensors.put(name, outputs.tensor(name)));
    return tensors;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void run_besideTorch_hasTheSameBits(Case one) throws IOException {
    assumeTrue(hasTorch, "/usr/bin/python3 cannot import torch: install python3-torch");
    try (Arena arena = Arena.ofConfined()) {
      // After each step weights and both moments, but for moments that torch has packed anew.
      int moments = STEPS - (one.isMasked() ? STEPS / RESET_INTERVAL : 0);
      assertThat(compare(one, read(folder.resolve("outputs"), arena)))
          .isEqualTo(STEPS + 2 * moments);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void run_besideTheRecordedTrace_hasTheSameBits(Case one) throws Exception {
    var trace = Objects.requireNonNull(getClass().getResource(TRACE));
    try (Arena arena = Arena.ofConfined()) {
      int moments = RECORDED.size() - (one.isMasked() ? 1 : 0);
      assertThat(compare(one, read(Path.of(trace.toURI()), arena)))
          .isEqualTo(RECORDED.size() + 2 * moments);
    }
  }

  /** Compares what was recorded of a run, and returns how many tensors that were. */
  private static int compare(Case one, Map<String, Tensor> expected) {
    int compared = 0;
    try (Arena arena = Arena.ofShared()) {
      float[] start = Halves.draw(one.seed, one.elements());
      Tensor weights = Halves.of(arena, DType.BF16, start, one.shape());
      Tensor gradient = Tensor.allocate(arena, DType.BF16, one.shape());
      try (var optimizer = one.builder().build(List.of(new Parameter("w", weights)))) {
        for (int t = 1; t <= STEPS; t++) {
          Halves.set(gradient, one.gradient(t));
          optimizer.step(_ -> gradient);
          compared += same(expected.get(one.key("param", t)), weights, one.key("param", t));
          for (var state : optimizer.state("w").entrySet()) {
            String key = one.key(state.getKey(), t);
            compared += same(expected.get(key), state.getValue(), key);
          }
        }
        assertThat(optimizer.step(_ -> gradient).totalSpikes(0)).isGreaterThan(20);
      }
    }
    return compared;
  }

  private static int same(@Nullable Tensor expected, Tensor actual, String key) {
    if (expected == null) {
      return 0;
    }
    assertThat(actual.dtype()).as(key).isEqualTo(expected.dtype());
    assertThat(actual.memory().mismatch(expected.memory())).as(key).isEqualTo(-1);
    return 1;
  }

  /**
   * Records the trace anew, on a machine with a GPU that need not have Java: {@code inputs FOLDER}
   * writes what emulated.py needs there, {@code trace FOLDER FILE} takes what it leaves.
   */
  public static void main(String... args) throws Exception {
    Path folder = Path.of(args[1]);
    if (args[0].equals("inputs")) {
      Safetensors.write(folder.resolve("inputs"), inputs(), Map.of());
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      Safetensors outputs = Safetensors.open(folder.resolve("outputs"), arena);
      Map<String, Tensor> trace = new LinkedHashMap<>();
      for (String key : outputs.names()) {
        if (RECORDED.contains(Integer.valueOf(key.substring(key.lastIndexOf('.') + 1)))) {
          trace.put(key, outputs.tensor(key));
        }
      }
      Safetensors.write(Path.of(args[2]), trace, outputs.metadata());
    }
  }
}
