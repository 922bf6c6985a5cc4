package io.spam4j.engine.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Runs;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs that change from Java to PyTorch and back in their midst, through tools/spam4j_state.py, end
 * as if they had not. On the other side are the classes of torch.optim and, for SPAM and
 * Stable-SPAM, those in resources/torch/authors.py. Every run crosses three resets; the masks of
 * the intervals that both sides do are Java's, since the authors' are random.
 */
final class TorchExchangeTest {
  private static final int STEPS = 47;
  private static final int MORE_STEPS = 60;
  private static final int RESET_INTERVAL = 20;
  private static final double TOLERANCE = 1e-6;

  private static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("out.weight", new long[] {7, 9});
    SHAPES.put("bias", new long[] {13});
    SHAPES.put("attn.weight", new long[] {12, 10});
  }

  @TempDir private static Path folder;

  /** Builds what exchange.py has under the same name. */
  record Case(String name, Supplier<OptimizerBuilder<?>> builder) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case("adam", () -> Adam.builder().betas(0.9, 0.99).weightDecay(0.1)),
        new Case("adam-amsgrad", () -> Adam.builder().betas(0.9, 0.99).amsgrad(true)),
        new Case(
            "adamw",
            () -> AdamW.builder().betas(0.9, 0.99).group("*.weight", g -> g.weightDecay(0.3))),
        new Case("adamw-amsgrad", () -> AdamW.builder().betas(0.9, 0.99).amsgrad(true)),
        new Case("spam", () -> spam().weightDecay(0.1)),
        new Case("spam-sparse", () -> spam().group("*.weight", g -> g.density(0.3))),
        new Case("stablespam", TorchExchangeTest::stableSpam),
        new Case("stablespam-schedule", () -> stableSpam().weightDecay(0.1).betaSchedule(70, 0.5)));
  }

  private static Spam.Builder spam() {
    return Spam.builder(Spam.Preset.REFERENCE)
        .resetInterval(RESET_INTERVAL)
        .rewarmSteps(12)
        .spikeThreshold(50)
        .spikeGraceSteps(7)
        .seed(3);
  }

  private static StableSpam.Builder stableSpam() {
    return StableSpam.builder(StableSpam.Preset.REFERENCE)
        .resetInterval(RESET_INTERVAL)
        .normDecays(0.8, 0.95)
        .clipDecay(0.99);
  }

  @BeforeAll
  static void exchange() throws Exception {
    assumeTrue(Python.hasTorch(), "/usr/bin/python3 cannot import torch: install python3-torch");
    Map<String, Tensor> gradients = gradients();
    Safetensors.write(folder.resolve("gradients"), gradients, Map.of());
    for (Case one : cases().toList()) {
      try (Arena arena = Arena.ofShared();
          Optimizer optimizer = build(one, arena)) {
        for (int t = 0; t < STEPS; t++) {
          int now = t;
          optimizer.step(name -> gradients.get(name + "." + now));
        }
        Path state = folder.resolve(one.name() + ".java-first.state");
        optimizer.save(state, SaveOptions.defaults().withWeights());
        continueHere(one, "java-first", optimizer, gradients);
      }
    }
    Python.exchange(folder, "first");
    for (Case one : cases().toList()) {
      try (Arena arena = Arena.ofShared();
          Optimizer optimizer = build(one, arena)) {
        Path state = folder.resolve(one.name() + ".torch-first.state");
        optimizer.load(state, LoadOptions.strict().withWeights());
        continueHere(one, "torch-first", optimizer, gradients);
      }
    }
    Python.exchange(folder, "second");
  }

  /** The gradients of all steps and the weights that runs start with. */
  private static Map<String, Tensor> gradients() {
    var random = new Random(5);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    SHAPES.forEach(
        (name, shape) -> {
          int elements = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
          tensors.put(name + ".init", tensor(Runs.draw(random, elements, 1 << 30), shape));
          for (int t = 0; t < STEPS + MORE_STEPS; t++) {
            if (!name.equals("bias") || t % 7 != 3) {
              tensors.put(name + "." + t, tensor(Runs.draw(random, elements, 200), shape));
            }
          }
        });
    return tensors;
  }

  private static Tensor tensor(float[] values, long[] shape) {
    return Tensor.of(MemorySegment.ofArray(values), DType.F32, shape);
  }

  private static Optimizer build(Case one, Arena arena) {
    Map<String, Tensor> initial = gradients();
    List<Parameter> parameters = new ArrayList<>();
    SHAPES.forEach(
        (name, shape) -> {
          Tensor weights = Tensor.allocate(arena, DType.F32, shape);
          weights.memory().copyFrom(of(initial, name + ".init").memory());
          parameters.add(new Parameter(name, weights));
        });
    return one.builder().get().learningRate(1e-2).build(parameters);
  }

  private static Tensor of(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  /**
   * Goes on to the end, and leaves the weights and the masks of each interval for the other side.
   */
  private static void continueHere(
      Case one, String start, Optimizer optimizer, Map<String, Tensor> gradients)
      throws IOException {
    Map<String, Tensor> masks = new LinkedHashMap<>();
    for (int t = STEPS; t < STEPS + MORE_STEPS; t++) {
      int now = t;
      optimizer.step(name -> gradients.get(name + "." + now));
      if ((t + 1) % RESET_INTERVAL == 0) {
        for (String name : SHAPES.keySet()) {
          String key = (t + 1) / RESET_INTERVAL + "." + name;
          optimizer.mask(name).ifPresent(mask -> masks.put(key, bytes(name, mask)));
        }
      }
    }
    Map<String, Tensor> weights = new LinkedHashMap<>();
    optimizer.parameters().forEach(p -> weights.put(p.name(), p.weights()));
    Safetensors.write(folder.resolve(one.name() + "." + start + ".java"), weights, Map.of());
    Safetensors.write(folder.resolve(one.name() + "." + start + ".masks"), masks, Map.of());
  }

  private static Tensor bytes(String name, IndexMask mask) {
    byte[] bytes = new byte[(int) mask.elements()];
    for (long position : mask.toArray()) {
      bytes[(int) position] = 1;
    }
    return Tensor.of(
        MemorySegment.ofArray(bytes), DType.U8, Objects.requireNonNull(SHAPES.get(name)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void run_fromJavaToTorch_endsAsIfItHadStayed(Case one) throws IOException {
    assertSameEnd(one.name() + ".java-first");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void run_fromTorchToJava_endsAsIfItHadStayed(Case one) throws IOException {
    assertSameEnd(one.name() + ".torch-first");
  }

  /** Compares the weights with the largest of their tensor. */
  private static void assertSameEnd(String run) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors java = Safetensors.open(folder.resolve(run + ".java"), arena);
      Safetensors torch = Safetensors.open(folder.resolve(run + ".torch"), arena);
      for (String name : SHAPES.keySet()) {
        Tensor ours = java.tensor(name);
        Tensor theirs = torch.tensor(name);
        double largest = 0;
        double error = 0;
        for (long i = 0; i < ours.elements(); i++) {
          largest = Math.max(largest, Math.abs(theirs.getFloat(i)));
          error = Math.max(error, Math.abs((double) ours.getFloat(i) - theirs.getFloat(i)));
        }
        assertThat(error / largest).as(name).isLessThan(TOLERANCE);
      }
    }
  }

  @Test
  void verify_aFlippedByte_isRefused() throws Exception {
    Path sound = folder.resolve("spam-sparse.torch-first.state");
    Path damaged = folder.resolve("damaged");
    byte[] bytes = Files.readAllBytes(sound);
    bytes[bytes.length - 1] ^= 4;
    Files.write(damaged, bytes);
    assertThat(Python.tool("verify", sound.toString()))
        .isEqualTo(
            new Python.Result(0, "all checksums are right: file=" + sound + ", parameters=3\n"));
    assertThat(Python.tool("verify", damaged.toString()))
        .isEqualTo(
            new Python.Result(
                1,
                "spam4j_state.py: bytes must have their checksums: file=%s, tensors=%s\n"
                    .formatted(damaged, "['state.out.weight.mask']")));
  }

  @Test
  void verify_aHeaderInsideTheFile_isRead() throws Exception {
    Path nested = folder.resolve("nested.safetensors");
    Files.write(
        nested, nested(Files.readAllBytes(folder.resolve("spam-sparse.torch-first.state")), 0));
    assertThat(Python.tool("verify", nested.toString()))
        .isEqualTo(
            new Python.Result(0, "all checksums are right: file=" + nested + ", parameters=3\n"));
    Files.write(
        nested, nested(Files.readAllBytes(folder.resolve("spam-sparse.torch-first.state")), 1));
    Python.Result refused = Python.tool("verify", nested.toString());
    assertThat(refused.code()).isEqualTo(1);
    assertThat(refused.output()).contains("header inside must have its length: file=" + nested);
  }

  /** The same with the header behind the data, as one that is larger than the format allows. */
  private static byte[] nested(byte[] file, long tooLong) {
    long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    int header = (int) (Long.BYTES + length);
    int data = file.length - header;
    String outer =
        """
        {"__metadata__":{"spam4j.nested":"safetensors"},\
        "data":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]},\
        "header":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}}"""
            .formatted(data, data, header, data, file.length);
    return ByteBuffer.allocate(Long.BYTES + outer.length() + file.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(outer.length())
        .put(outer.getBytes(UTF_8))
        .put(file, header, data)
        .putLong(length + tooLong)
        .put(file, Long.BYTES, header - Long.BYTES)
        .array();
  }

  @Test
  void fromTorch_withoutTotalSteps_asksForThem() throws Exception {
    assertThat(stableSpamFromTorch())
        .isEqualTo(
            new Python.Result(
                2,
                "spam4j_state.py: state_dict lacks what must be given: optimizer=stablespam,"
                    + " missing=--total-steps (optimizer.total_steps, the steps done)\n"));
  }

  @Test
  void fromTorch_totalStepsThatDoNotFit_areRefused() throws Exception {
    assertThat(stableSpamFromTorch("--total-steps", "48"))
        .isEqualTo(
            new Python.Result(
                1,
                "spam4j_state.py: some parameter's step must fit --total-steps and"
                    + " --reset-interval: steps=[7, 8], expected=9, total_steps=48,"
                    + " reset_interval=20\n"));
  }

  @Test
  void fromTorch_aFileOfAnotherOptimizer_isRefused() throws Exception {
    List<String> words = new ArrayList<>(List.of("from-torch"));
    words.add(folder.resolve("adam.torch-first.pt").toString());
    words.addAll(List.of("none", "--optimizer", "stablespam", "--names", "a,b,c"));
    words.addAll(List.of("--reset-interval", "0", "--gammas", "0.7,0.9,0.999"));
    words.addAll(List.of("--beta-schedule", "none", "--total-steps", "47"));
    assertThat(Python.tool(words.toArray(String[]::new)))
        .isEqualTo(
            new Python.Result(
                1,
                "spam4j_state.py: file must be of this optimizer: command=from-torch,"
                    + " lacks='m_norm_t'\n"));
  }

  @Test
  void fromTorch_aFileThatWouldRunCode_isRefused() throws Exception {
    Path file = folder.resolve("hostile.pt");
    assertThat(Python.tool("from-torch", file.toString(), "none", "--optimizer", "adam"))
        .isEqualTo(
            new Python.Result(
                1,
                "spam4j_state.py: file must be what torch.save wrote: file=%s,".formatted(file)
                    + " cause=no plain value: posix.mkdir\n"));
    assertThat(folder.resolve("hostile-was-run")).doesNotExist();
  }

  @Test
  void fromTorch_done_tellsWhatToBuild() throws Exception {
    Path out = folder.resolve("told");
    List<String> words = new ArrayList<>(List.of("from-torch"));
    words.add(folder.resolve("spam-sparse.torch-first.pt").toString());
    words.add(out.toString());
    words.addAll(List.of("--optimizer", "spam", "--names", "out.weight,attn.weight,bias"));
    words.addAll(List.of("--reset-interval", "20", "--rewarm-steps", "12"));
    words.addAll(List.of("--spike-threshold", "50", "--spike-grace-steps", "7", "--seed", "3"));
    assertThat(Python.tool(words.toArray(String[]::new)))
        .isEqualTo(
            new Python.Result(
                0,
                """
                // 47 steps, 3 parameters; build and load with:
                Optimizer optimizer = Spam.builder(Spam.Preset.REFERENCE)
                    .learningRate(0.01)
                    .betas(0.9, 0.999)
                    .epsilon(1.0E-6)
                    .weightDecay(0.0)
                    .density(0.3)
                    .resetInterval(20)
                    .rewarmSteps(12)
                    .spikeGraceSteps(7)
                    .spikeThreshold(50.0)
                    .seed(3)
                    .group("bias", group -> group.learningRate(0.01).betas(0.9, 0.999)\
                .epsilon(1.0E-6).weightDecay(0.0).density(1.0))
                    .build(parameters);
                optimizer.load(Path.of("%s"), LoadOptions.strict());
                """
                    .formatted(out)));
  }

  private static Python.Result stableSpamFromTorch(String... more)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("from-torch"));
    words.add(folder.resolve("stablespam.torch-first.pt").toString());
    words.add(folder.resolve("refused").toString());
    words.addAll(List.of("--optimizer", "stablespam", "--names", "out.weight,bias,attn.weight"));
    words.addAll(List.of("--reset-interval", "20", "--gammas", "0.8,0.95,0.99"));
    words.addAll(List.of("--beta-schedule", "none"));
    words.addAll(List.of(more));
    return Python.tool(words.toArray(String[]::new));
  }
}
