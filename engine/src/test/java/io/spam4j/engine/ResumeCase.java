package io.spam4j.engine;

import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;

/** Runs of every optimizer and every kind of state, whose gradients depend on the step alone. */
public record ResumeCase(String name, DType dtype, Supplier<OptimizerBuilder<?>> builder) {
  static final int RESET_INTERVAL = 50;

  /** A matrix, a vector, a batch of matrices, a scalar, and one that often has no gradient. */
  private static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("matrix", new long[] {37, 29});
    SHAPES.put("vector", new long[] {67});
    SHAPES.put("batch", new long[] {3, 5, 7});
    SHAPES.put("scalar", new long[] {});
    SHAPES.put("rare", new long[] {4, 10});
  }

  /** Gradients are pieces of this. */
  private static final float[] DRAWN = Runs.draw(new Random(2), 10_007, 300);

  public static final List<ResumeCase> ALL =
      List.of(
          of("adam", Adam::builder),
          of("adamw-amsgrad", () -> AdamW.builder().amsgrad(true)),
          of("spam", ResumeCase::spam),
          of("spam-reference", () -> resets(Spam.builder(Spam.Preset.REFERENCE)).density(0.4)),
          of("spam-paper", () -> resets(Spam.builder(Spam.Preset.PAPER_LITERAL)).density(0.4)),
          of("spam-kozistr", () -> resets(Spam.builder(Spam.Preset.KOZISTR))),
          of("spam-gaussian", () -> spam().spikeAction(SpikeAction.GAUSSIAN)),
          of("spam-since-reset", () -> spam().biasCorrection(BiasCorrection.SINCE_RESET)),
          of("sparse", () -> spam().density(0.3).seed(7)),
          of("sparse-keep", () -> spam().density(0.3).overlap(MomentOverlap.KEEP)),
          of(
              "sparse-weights",
              () -> spam().density(0.3).maskSelection(MaskSelection.largestWeights())),
          of(
              "sparse-gradients",
              () -> spam().density(0.3).maskSelection(MaskSelection.largestGradients())),
          of(
              "sparse-given",
              () -> spam().density(0.3).maskSelection(MaskSelection.given(ResumeCase::given))),
          of(
              "sparse-sgd",
              () ->
                  spam()
                      .group("*a*", group -> group.density(0.3))
                      .unselected(UnselectedWeights.SGD)
                      .maskedWeightDecay(MaskedWeightDecay.ALL)),
          of("skip-step", () -> spam().nonFinite(NonFinitePolicy.SKIP_STEP)),
          of("stable-spam", () -> StableSpam.builder().resetInterval(RESET_INTERVAL)),
          of("stable-spam-sparse", () -> stableSpam(StableSpam.Preset.BF16).density(0.3)),
          of("stable-spam-reference", () -> stableSpam(StableSpam.Preset.REFERENCE)),
          of(
              "transforms",
              () ->
                  AdamW.builder()
                      .transforms(
                          GradientTransform.zClip(),
                          GradientTransform.adaClip(0.9),
                          GradientTransform.agc(),
                          GradientTransform.adaClip(),
                          GradientTransform.gradientStabilizer(),
                          GradientTransform.globalNorm(1))),
          halves("bf16", () -> spam().moments(MomentFormat.BF16)),
          halves("bf16-exact", () -> spam().weightRounding(WeightRounding.EXACT)),
          halves(
              "bf16-exact-sparse",
              () ->
                  spam()
                      .density(0.3)
                      .moments(MomentFormat.BF16)
                      .overlap(MomentOverlap.KEEP)
                      .weightRounding(WeightRounding.EXACT)),
          halves("spam-emulated", ResumeCase::emulated),
          halves("spam-emulated-sparse", () -> emulated().density(0.4).seed(9)),
          of("int8", () -> spam().moments(MomentFormat.INT8)),
          halves("int8-sparse", () -> spam().density(0.3).moments(MomentFormat.INT8).seed(3)),
          halves(
              "stable-spam-bf16",
              () -> stableSpam(StableSpam.Preset.BF16).moments(MomentFormat.BF16)),
          of("lion", Lion::builder),
          of("sgd", () -> Sgd.builder().nesterov(true)),
          of("sgd-plain", () -> Sgd.builder().momentum(0)),
          of("adafactor", Adafactor::builder),
          of("adafactor-momentum", () -> Adafactor.builder().learningRate(1e-3).beta1(0.9)),
          of("adam-mini", () -> AdamMini.builder((_, s) -> s.length < 2 ? 1 : s[0])));

  private static ResumeCase of(String name, Supplier<OptimizerBuilder<?>> builder) {
    return new ResumeCase(name, DType.F32, builder);
  }

  /** A case whose weights and gradients are bfloat16. */
  private static ResumeCase halves(String name, Supplier<OptimizerBuilder<?>> builder) {
    return new ResumeCase(name, DType.BF16, builder);
  }

  private static Spam.Builder resets(Spam.Builder builder) {
    return builder
        .resetInterval(RESET_INTERVAL)
        .rewarmSteps(15)
        .spikeGraceSteps(7)
        .weightDecay(0.01)
        .learningRate(Schedule.warmupCosine(1e-2, 10, 600, 0.1));
  }

  private static Spam.Builder emulated() {
    return resets(Spam.builder(Spam.Preset.REFERENCE))
        .moments(MomentFormat.BF16_EMULATED)
        .weightRounding(WeightRounding.NEAREST);
  }

  private static Spam.Builder spam() {
    return resets(Spam.builder()).spikeThreshold(50);
  }

  private static StableSpam.Builder stableSpam(StableSpam.Preset preset) {
    return StableSpam.builder(preset).resetInterval(RESET_INTERVAL).betaSchedule(400, 0.5);
  }

  private static long[] given(String parameter, long interval) {
    return parameter.equals("scalar") ? new long[0] : new long[] {interval % 7, 8 + interval % 5};
  }

  public static ResumeCase named(String name) {
    return ALL.stream().filter(one -> one.name.equals(name)).findFirst().orElseThrow();
  }

  /** An optimizer with its weights, after no step. */
  public Run start(int threads) {
    return new Run(dtype, builder.get().threads(threads));
  }

  /** A run that can be stopped and resumed. */
  public static final class Run implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Map<String, Tensor> gradients = new HashMap<>();
    public final Optimizer optimizer;

    private final DType dtype;

    private Run(DType dtype, OptimizerBuilder<?> builder) {
      this.dtype = dtype;
      var random = new Random(1);
      optimizer =
          builder.build(
              SHAPES.entrySet().stream()
                  .map(shape -> parameter(shape.getKey(), shape.getValue(), random))
                  .toList());
    }

    private Parameter parameter(String name, long[] shape, Random random) {
      Tensor weights = Tensor.allocate(arena, dtype, shape);
      gradients.put(name, Tensor.allocate(arena, dtype, shape));
      float[] values = Runs.draw(random, (int) weights.elements(), 1_000_000);
      Halves.set(weights, values);
      return new Parameter(name, weights);
    }

    /** Goes on to a step, with spikes, gradients that are not finite and some that are missing. */
    public Run runTo(long step, long attemptsBefore) {
      for (long t = attemptsBefore; t < step; t++) {
        long place = t * 7919;
        for (String name : SHAPES.keySet()) {
          Tensor gradient = gradient(name);
          int from = (int) (place % (DRAWN.length - gradient.elements()));
          float[] values = Arrays.copyOfRange(DRAWN, from, from + (int) gradient.elements());
          if (t % 11 == 3 && name.equals("vector")) {
            values[5] = Float.NaN;
          }
          Halves.set(gradient, values);
          place += gradient.elements();
        }
        long now = t;
        optimizer.step(name -> name.equals("rare") && now % 13 != 4 ? null : gradient(name));
      }
      return this;
    }

    private Tensor gradient(String name) {
      return Objects.requireNonNull(gradients.get(name));
    }

    public Run load(Path file) throws IOException {
      optimizer.load(file, LoadOptions.strict().withWeights());
      return this;
    }

    public Run save(Path file) throws IOException {
      optimizer.save(file, SaveOptions.defaults().withWeights());
      return this;
    }

    @Override
    public void close() {
      optimizer.close();
      arena.close();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
