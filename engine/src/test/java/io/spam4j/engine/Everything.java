package io.spam4j.engine;

import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Every optimizer with every option that changes what memory it holds, over a few tensors. */
public final class Everything {
  /**
   * A matrix of several tiles and pieces, a vector, a scalar, and one that often lacks gradients.
   */
  public static final Map<String, long[]> SHAPES =
      TensorRuns.shapes(new long[] {257, 65}, new long[] {17}, new long[] {}, new long[] {2, 5, 9});

  /** By seed; drawing takes longer than the steps. */
  private static final Map<Long, Map<String, float[]>> VALUES = new ConcurrentHashMap<>();

  private Everything() {}

  /**
   * An optimizer with options.
   *
   * @param planned whether {@link OptimizerBuilder#plannedMemory} promises to be exact
   * @param make a new builder at each call
   */
  public record Case(String name, boolean planned, Supplier<OptimizerBuilder<?>> make) {
    @Override
    public String toString() {
      return name;
    }
  }

  public static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    cases.add(exact("adam", Adam::builder));
    cases.add(exact("adam, amsgrad", () -> Adam.builder().amsgrad(true)));
    cases.add(exact("adamw", AdamW::builder));
    cases.add(exact("adamw, amsgrad, sparse", () -> AdamW.builder().amsgrad(true).density(0.4)));
    cases.add(exact("lion", Lion::builder));
    cases.add(exact("sgd", Sgd::builder));
    cases.add(exact("sgd, no momentum", () -> Sgd.builder().momentum(0)));
    cases.add(exact("adafactor", Adafactor::builder));
    cases.add(
        exact("adafactor, beta1", () -> Adafactor.builder().beta1(0.9).scaleParameter(false)));
    cases.add(exact("adam-mini", () -> AdamMini.builder((_, s) -> s.length == 0 ? 1 : s[0])));
    cases.add(exact("adam-mini, long blocks", () -> AdamMini.builder((_, _) -> 1)));
    for (StableSpam.Preset preset : StableSpam.Preset.values()) {
      cases.add(exact("stable-spam " + preset, () -> StableSpam.builder(preset).resetInterval(2)));
    }
    cases.add(
        exact("stable-spam, sparse", () -> StableSpam.builder().resetInterval(2).density(0.5)));
    for (Spam.Preset preset : Spam.Preset.values()) {
      cases.add(exact("spam " + preset, () -> Spam.builder(preset).resetInterval(2)));
    }
    for (SpikeAction action : SpikeAction.values()) {
      cases.add(exact("sparse, " + action, () -> sparse().spikeAction(action)));
    }
    for (MaskSampling sampling : MaskSampling.values()) {
      boolean coins = sampling == MaskSampling.BERNOULLI; // planned as if they were exact
      MaskSelection selection = MaskSelection.random(sampling);
      cases.add(new Case("sparse, " + sampling, !coins, () -> sparse().maskSelection(selection)));
      cases.add(
          new Case(
              "sparse, KEEP, " + sampling,
              !coins,
              () -> sparse().maskSelection(selection).overlap(MomentOverlap.KEEP)));
    }
    cases.add(other("largest weights", MaskSelection.largestWeights()));
    cases.add(other("largest gradients", MaskSelection.largestGradients()));
    cases.add(other("given", MaskSelection.given(Everything::positions)));
    cases.add(exact("sparse, SGD", () -> sparse().unselected(UnselectedWeights.SGD)));
    cases.add(exact("sparse, ALL", () -> sparse().maskedWeightDecay(MaskedWeightDecay.ALL)));
    cases.add(exact("half sparse", () -> sparse().group("p0", group -> group.density(1))));
    for (MomentFormat format : Halves.FORMATS) {
      cases.add(exact("adam, " + format, () -> Adam.builder().moments(format)));
      cases.add(exact("sparse, " + format, () -> sparse().moments(format)));
      cases.add(
          exact(
              "stable-spam, " + format,
              () -> StableSpam.builder().resetInterval(2).moments(format)));
      MaskSelection selection = MaskSelection.given(Everything::positions);
      cases.add(
          new Case(
              "given, " + format, false, () -> sparse().moments(format).maskSelection(selection)));
    }
    cases.add(
        exact("keep, BF16", () -> sparse().moments(MomentFormat.BF16).overlap(MomentOverlap.KEEP)));
    for (NonFinitePolicy policy : NonFinitePolicy.values()) {
      cases.add(exact("adam, " + policy, () -> Adam.builder().nonFinite(policy)));
    }
    for (GradientTransform[] chain : chains()) {
      String name = " behind " + Arrays.toString(chain);
      cases.add(exact("sparse" + name, () -> sparse().transforms(chain)));
    }
    GradientTransform[] all = chains().getLast();
    cases.add(exact("adam behind all", () -> Adam.builder().transforms(all)));
    cases.add(exact("lion behind all", () -> Lion.builder().transforms(all)));
    return cases.stream();
  }

  private static Case exact(String name, Supplier<OptimizerBuilder<?>> make) {
    return new Case(name, true, make);
  }

  private static Case other(String name, MaskSelection selection) {
    return new Case(name, false, () -> sparse().maskSelection(selection));
  }

  private static Spam.Builder sparse() {
    return Spam.builder().resetInterval(2).spikeGraceSteps(0).density(0.3);
  }

  private static List<GradientTransform[]> chains() {
    List<GradientTransform[]> chains = new ArrayList<>();
    List<GradientTransform> all =
        List.of(
            GradientTransform.globalNorm(1),
            GradientTransform.value(1),
            GradientTransform.adaClip(),
            GradientTransform.adaGN(),
            GradientTransform.gradientStabilizer(),
            GradientTransform.agc(),
            GradientTransform.zClip());
    all.forEach(transform -> chains.add(new GradientTransform[] {transform}));
    chains.add(all.toArray(new GradientTransform[0]));
    return chains;
  }

  /** Selections of another size at each interval; sometimes of nothing. */
  private static long[] positions(String parameter, long interval) {
    long n = Tensor.elements(Objects.requireNonNull(SHAPES.get(parameter)));
    return LongStream.range(0, Math.min(n, 5000 * (interval % 3))).toArray();
  }

  /** Parameters with these values, outside the heap. */
  public static List<Parameter> parameters(Arena arena, long seed) {
    List<Parameter> parameters = new ArrayList<>();
    tensors(arena, seed).forEach((name, weights) -> parameters.add(new Parameter(name, weights)));
    return parameters;
  }

  /** Gradients of one step; p3 has one at every second seed. */
  public static Gradients gradients(Arena arena, long seed, boolean onHeap) {
    Map<String, Tensor> byName = new LinkedHashMap<>();
    tensors(arena, seed)
        .forEach(
            (name, gradient) -> {
              if (seed % 2 == 0 || !name.equals("p3")) {
                byName.put(
                    name, onHeap ? Tensor.of(gradient.toFloats(), gradient.shape()) : gradient);
              }
            });
    return Gradients.of(byName);
  }

  private static Map<String, Tensor> tensors(Arena arena, long seed) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    VALUES
        .computeIfAbsent(seed, Everything::draw)
        .forEach(
            (name, values) -> {
              long[] shape = Objects.requireNonNull(SHAPES.get(name));
              Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
              tensor.memory().copyFrom(MemorySegment.ofArray(values));
              tensors.put(name, tensor);
            });
    return tensors;
  }

  private static Map<String, float[]> draw(long seed) {
    var random = new Random(seed);
    Map<String, float[]> values = new LinkedHashMap<>();
    SHAPES.forEach(
        (name, shape) -> values.put(name, Runs.draw(random, (int) Tensor.elements(shape), 500)));
    return values;
  }
}
