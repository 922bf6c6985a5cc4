package io.spam4j.examples.bench.arms;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.BenchSize;
import io.spam4j.examples.bench.values.Traffic;
import io.spam4j.tensors.DType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Everything that is timed, a line each. */
public final class Arms {
  private static final Set<BenchSize> ALL_SIZES = EnumSet.allOf(BenchSize.class);
  private static final Set<BenchSize> MODELS =
      EnumSet.of(BenchSize.LARGE, BenchSize.LLAMA60M, BenchSize.CACHED);
  private static final Set<BenchSize> LARGE = EnumSet.of(BenchSize.LARGE);
  private static final Set<BenchSize> MANY = EnumSet.of(BenchSize.MANY);
  private static final Set<BenchSize> CACHED = EnumSet.of(BenchSize.CACHED);
  private static final Set<BenchSize> ONE_TENSOR = EnumSet.of(BenchSize.LARGE, BenchSize.CACHED);

  private static final List<Arm> TABLE =
      List.of(
          new Arm("limit", MODELS, Traffic.DENSE, LimitArm::new),
          new Arm("adamw-f32", MODELS, Traffic.DENSE, Arms::adamW),
          new Arm("spam-f32", ALL_SIZES, Traffic.DENSE, Arms::spam),
          new Arm("spam-f32-index", MANY, Traffic.DENSE, Arms::byIndex),
          new Arm("spam-f32-1thread", MANY, Traffic.DENSE, Arms::oneThread),
          new Arm("spam-f32-index-1thread", MANY, Traffic.DENSE, Arms::byIndexOneThread),
          new Arm("stablespam-f32", MODELS, Traffic.MEASURED, Arms::stableSpam),
          new Arm("spam-f32-spiky0.1", ONE_TENSOR, Traffic.DENSE, spiky(0.001)),
          new Arm("spam-f32-spiky1", ONE_TENSOR, Traffic.DENSE, spiky(0.01)),
          new Arm("spam-f32-spiky50", ONE_TENSOR, Traffic.DENSE, spiky(0.5)),
          new Arm("spam-f32-spiky100", ONE_TENSOR, Traffic.DENSE, spiky(1)),
          new Arm("spam-f32-d0.25", LARGE, Traffic.sparse(0.25), sparse(0.25)),
          new Arm("spam-f32-d0.05", LARGE, Traffic.sparse(0.05), sparse(0.05)),
          new Arm("spam-f32-d0.0025", LARGE, Traffic.sparse(0.0025), sparse(0.0025)),
          lines(0.25, 32),
          lines(0.05, 32),
          lines(0.01, 32),
          lines(0.25, 256),
          lines(0.05, 256),
          lines(0.01, 256),
          new Arm(
              "spam-bf16-f32m",
              ONE_TENSOR,
              Traffic.BF16_F32_MOMENTS,
              packed(Spam::builder, DType.BF16, MomentFormat.F32)),
          new Arm(
              "spam-f32-int8m",
              ONE_TENSOR,
              Traffic.INT8_MOMENTS,
              packed(Spam::builder, DType.F32, MomentFormat.INT8)),
          new Arm(
              "spam-bf16-sr",
              ONE_TENSOR,
              Traffic.BF16,
              packed(Spam::builder, DType.BF16, MomentFormat.BF16)),
          new Arm("lion-f32", ONE_TENSOR, Traffic.MOMENTUM, own(DType.F32, Lion::builder)),
          new Arm("sgd-f32", ONE_TENSOR, Traffic.MOMENTUM, own(DType.F32, Sgd::builder)),
          new Arm(
              "sgd-plain-f32",
              ONE_TENSOR,
              Traffic.PLAIN,
              own(DType.F32, () -> Sgd.builder().momentum(0))),
          new Arm(
              "amsgrad-f32",
              ONE_TENSOR,
              Traffic.AMSGRAD,
              own(DType.F32, () -> AdamW.builder().amsgrad(true))),
          new Arm(
              "adammini-f32",
              ONE_TENSOR,
              Traffic.MOMENTUM,
              own(DType.F32, () -> AdamMini.builder(AdamMini.Partition.rows()))),
          new Arm(
              "adafactor-f32", ONE_TENSOR, Traffic.ADAFACTOR, own(DType.F32, Adafactor::builder)),
          new Arm("lion-bf16", ONE_TENSOR, Traffic.BF16_MOMENTUM, own(DType.BF16, Lion::builder)),
          new Arm("sgd-bf16", ONE_TENSOR, Traffic.BF16_MOMENTUM, own(DType.BF16, Sgd::builder)),
          new Arm(
              "agc-f32",
              ONE_TENSOR,
              Traffic.AGC,
              own(DType.F32, () -> Adam.builder().transforms(GradientTransform.agc()))),
          new Arm("c-loop", CACHED, Traffic.DENSE, CLoopArm::new),
          new Arm("plain-java", ONE_TENSOR, Traffic.DENSE, PlainJavaArm::new),
          new Arm("separate-passes", ONE_TENSOR, Traffic.DENSE, SeparatePassesArm::new),
          new Arm("adamw-f32-beside-torch", MODELS, Traffic.DENSE, Arms::adamW),
          new Arm(
              "adamw-bf16-sr-beside-torch",
              ONE_TENSOR,
              Traffic.BF16,
              packed(AdamW::builder, DType.BF16, MomentFormat.BF16)),
          new Arm("torch-adamw", MODELS, Traffic.DENSE, TorchAdamWArm::new),
          new Arm("torch-fused-adamw", MODELS, Traffic.DENSE, TorchAdamWArm.Fused::f32),
          new Arm("torch-fused-adamw-bf16", ONE_TENSOR, Traffic.BF16, TorchAdamWArm.Fused::bf16),
          new Arm("torch-spam-ops", MODELS, Traffic.DENSE, TorchSpamArm::new),
          new Arm("torch-stablespam-ops", MODELS, Traffic.MEASURED, TorchStableSpamArm::new));

  private Arms() {}

  private static ArmRun adamW(BenchMemory memory) {
    return new EngineArm(memory, AdamW.builder(), ReferenceRule.ADAMW);
  }

  private static ArmRun spam(BenchMemory memory) {
    return new EngineArm(memory, Spam.builder(), ReferenceRule.SPAM);
  }

  private static ArmRun byIndex(BenchMemory memory) {
    return spam(memory, memory.gradientsByIndex(), memory.threads());
  }

  private static ArmRun oneThread(BenchMemory memory) {
    return spam(memory, memory.gradients(), 1);
  }

  private static ArmRun byIndexOneThread(BenchMemory memory) {
    return spam(memory, memory.gradientsByIndex(), 1);
  }

  private static ArmRun spam(BenchMemory memory, Gradients gradients, int threads) {
    return new EngineArm(memory, Spam.builder(), ReferenceRule.SPAM, gradients, threads);
  }

  private static ArmRun stableSpam(BenchMemory memory) {
    return new EngineArm(memory, StableSpam.builder(), ReferenceRule.STABLE_SPAM);
  }

  private static Arm.Factory packed(
      Supplier<MomentBuilder<?>> settings, DType dtype, MomentFormat moments) {
    return memory -> new PackedArm(memory, settings, dtype, moments);
  }

  private static Arm.Factory own(DType dtype, Supplier<OptimizerBuilder<?>> make) {
    return memory -> new EngineArm.Own(memory, dtype, make);
  }

  private static Arm.Factory spiky(double share) {
    return memory -> new EngineArm.Spiky(memory, share);
  }

  private static Arm.Factory sparse(double density) {
    return memory -> new EngineArm(memory, Spam.builder().density(density), ReferenceRule.SPAM);
  }

  /** Whole lines of weights are selected. */
  private static Arm lines(double density, int line) {
    MaskSelection selection = MaskSelection.random().lines(line);
    return new Arm(
        "spam-f32-d%s-lines%d".formatted(density, line),
        LARGE,
        Traffic.lines(density, line),
        memory ->
            new EngineArm(
                memory,
                Spam.builder().density(density).maskSelection(selection),
                ReferenceRule.SPAM));
  }

  /** The arms of a size, in the order they are timed. */
  public static List<Arm> of(BenchSize size) {
    return TABLE.stream().filter(arm -> arm.sizes().contains(size)).toList();
  }

  /** The names of all arms with their sizes, such as {@code spam-f32-cached}. */
  public static List<String> names() {
    List<String> names = new ArrayList<>();
    for (BenchSize size : BenchSize.values()) {
      of(size).forEach(arm -> names.add(arm.name(size)));
    }
    return names;
  }

  /**
   * An arm on memory of its own.
   *
   * @param name one of {@link #names}
   * @param most the weights of the large tensor; the other sizes shrink to about as many
   * @throws ArmUnavailableException if this machine cannot run it
   * @throws IllegalArgumentException if there is no such arm
   */
  public static ArmRun open(String name, long most) throws ArmUnavailableException {
    for (BenchSize size : BenchSize.values()) {
      for (Arm arm : of(size)) {
        if (arm.name(size).equals(name)) {
          return OwnMemoryArm.open(arm, new BenchMemory(size.elements(most), size.threads()));
        }
      }
    }
    throw unknown(name);
  }

  public static IllegalArgumentException unknown(String name) {
    return new IllegalArgumentException(
        "arm must be one of %s: arm=%s".formatted(String.join(", ", names()), name));
  }
}
