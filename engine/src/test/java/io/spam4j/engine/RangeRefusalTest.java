package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.Group;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.WarmupCurve;
import io.spam4j.engine.roofline.Roofline;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.DoubleFunction;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Numbers out of their range: each setting refuses each kind of bad number, by its name. */
final class RangeRefusalTest {
  private static final double NAN = Double.NaN;
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  /** A rule for a number, as messages have it, and numbers that break it. */
  private record Range(String rule, List<Double> bad) {
    static Range of(String rule, Double... bad) {
      return new Range(rule, List.of(bad));
    }
  }

  private static final Range NOT_NEGATIVE =
      Range.of("must be finite and not negative", -1e-300, -1.0, NAN, INFINITY, -INFINITY);
  private static final Range POSITIVE =
      Range.of("must be positive and finite", 0.0, -1.0, NAN, INFINITY, -INFINITY);
  private static final Range DECAY =
      Range.of("must be in [0, 1)", -1e-300, 1.0, 1.5, NAN, INFINITY);
  private static final Range FRACTION = Range.of("must be in [0, 1]", -0.1, 1.1, NAN, INFINITY);
  private static final Range DENSITY =
      Range.of(
          "must be in (0, 1]; to leave a parameter as it is do not list it",
          0.0,
          -0.5,
          1.0000001,
          NAN,
          INFINITY);
  private static final Range NOT_POSITIVE =
      Range.of("must be finite and not positive", 0.1, NAN, INFINITY, -INFINITY);

  private static Object built(OptimizerBuilder<?> builder) {
    return builder.build(List.of(new Parameter("w", Tensor.of(new float[6], 3, 2))));
  }

  static Stream<Arguments> doubles() {
    List<Arguments> all = new ArrayList<>();
    for (OptimizerCase one : OptimizerCases.algorithms()) {
      addCommon(all, one);
    }
    add(all, "learningRate", NOT_NEGATIVE, x -> Schedule.constant(x));
    add(all, "beta1", DECAY, x -> built(Lion.builder().group("w", g -> g.betas(x, 0.9))));
    add(all, "beta2", DECAY, x -> built(AdamMini.builder(1).betas(0.9, x)));
    add(all, "epsilon", NOT_NEGATIVE, x -> built(AdamMini.builder(1).epsilon(x)));
    add(all, "spikeThreshold", NOT_NEGATIVE, x -> built(Spam.builder().spikeThreshold(x)));
    add(all, "spikeThreshold", NOT_NEGATIVE, x -> built(StableSpam.builder().spikeThreshold(x)));
    add(all, "momentum", DECAY, x -> built(Sgd.builder().momentum(x)));
    add(all, "dampening", FRACTION, x -> built(Sgd.builder().dampening(x)));
    add(all, "epsilon1", NOT_NEGATIVE, x -> built(Adafactor.builder().epsilons(x, 1)));
    add(all, "epsilon2", NOT_NEGATIVE, x -> built(Adafactor.builder().epsilons(1, x)));
    add(all, "clipThreshold", POSITIVE, x -> built(Adafactor.builder().clipThreshold(x)));
    add(all, "decayRate", NOT_POSITIVE, x -> built(Adafactor.builder().decayRate(x)));
    add(all, "beta1", DECAY, x -> built(Adafactor.builder().beta1(x)));
    add(all, "normMeanDecay", DECAY, x -> built(StableSpam.builder().normDecays(x, 0)));
    add(all, "normSquareDecay", DECAY, x -> built(StableSpam.builder().normDecays(0, x)));
    add(all, "clipDecay", DECAY, x -> built(StableSpam.builder().clipDecay(x)));
    add(all, "finalFraction", FRACTION, x -> built(StableSpam.builder().betaSchedule(1, x)));
    add(all, "amplitude", FRACTION, x -> new WarmupCurve(x, 0, 0));
    add(all, "peak", NOT_NEGATIVE, x -> Schedule.warmupCosine(x, 0, 1, 0));
    add(all, "finalFraction", FRACTION, x -> Schedule.warmupCosine(1, 0, 1, x));
    add(all, "maxNorm", POSITIVE, GradientTransform::globalNorm);
    add(all, "limit", POSITIVE, GradientTransform::value);
    add(all, "clipDecay", DECAY, GradientTransform::adaClip);
    add(all, "normMeanDecay", DECAY, x -> new GradientTransform.AdaGN(x, 0, 0, true));
    add(all, "normSquareDecay", DECAY, x -> new GradientTransform.AdaGN(0, x, 0, true));
    add(all, "normEpsilon", NOT_NEGATIVE, x -> new GradientTransform.AdaGN(0, 0, x, true));
    add(all, "clipping", POSITIVE, x -> new GradientTransform.Agc(x, 1));
    add(all, "epsilon", POSITIVE, x -> new GradientTransform.Agc(1, x));
    add(all, "decay", DECAY, x -> new GradientTransform.ZClip(x, 1, 2));
    add(all, "threshold", POSITIVE, x -> new GradientTransform.ZClip(0, x, 2));
    return all.stream();
  }

  /** What every optimizer has, and what every one of Adam's family has. */
  private static void addCommon(List<Arguments> all, OptimizerCase one) {
    add(all, "learningRate", NOT_NEGATIVE, x -> one.builder(0).learningRate(x));
    add(all, "learningRate", NOT_NEGATIVE, x -> grouped(one, g -> g.learningRate(x)));
    add(all, "weightDecay", NOT_NEGATIVE, x -> built(one.builder(0).weightDecay(x)));
    add(all, "weightDecay", NOT_NEGATIVE, x -> grouped(one, g -> g.weightDecay(x)));
    if (one.has(Trait.FAMILY)) {
      add(all, "beta1", DECAY, x -> built(family(one).betas(x, 0.9)));
      add(all, "beta2", DECAY, x -> built(family(one).betas(0.9, x)));
      // Of Stable-SPAM it is that of AdaGN too, which refuses it first.
      String epsilon = one.name().equals("stable-spam") ? "normEpsilon" : "epsilon";
      add(all, epsilon, NOT_NEGATIVE, x -> built(family(one).epsilon(x)));
      add(all, "epsilon", NOT_NEGATIVE, x -> grouped(one, g -> g.epsilon(x)));
      add(all, "density", DENSITY, x -> built(family(one).density(x)));
      add(all, "density", DENSITY, x -> grouped(one, g -> g.density(x)));
      add(all, "density", DENSITY, x -> planned(family(one).density(x)));
      add(all, "spikeThreshold", NOT_NEGATIVE, x -> grouped(one, g -> g.spikeThreshold(x)));
    }
  }

  private static MomentBuilder<?> family(OptimizerCase one) {
    return (MomentBuilder<?>) one.builder(0);
  }

  private static Object grouped(OptimizerCase one, Consumer<Group> change) {
    return built(one.builder(0).group("w", change));
  }

  private static Object planned(OptimizerBuilder<?> builder) {
    return builder.plannedMemory(Map.of("w", new long[0]));
  }

  private static void add(
      List<Arguments> all, String name, Range range, DoubleFunction<Object> call) {
    for (double bad : range.bad()) {
      String message = name + " " + range.rule() + ": " + name + "=" + bad;
      Supplier<Object> made = () -> call.apply(bad);
      all.add(Arguments.of(message, made));
    }
  }

  static Stream<Arguments> doublesThatNoFloatHolds() {
    List<Arguments> all = new ArrayList<>();
    Range fits = Range.of("must fit a float", 1e39, 1e300, Double.MAX_VALUE);
    Range notLost = Range.of("must be 0 or no less than a float can be", 1e-46, 1e-300);
    for (OptimizerCase one : OptimizerCases.algorithms()) {
      add(all, "learningRate", fits, x -> one.builder(0).learningRate(x));
      add(all, "weightDecay", fits, x -> built(one.builder(0).weightDecay(x)));
      if (one.has(Trait.FAMILY)) {
        add(all, "epsilon", fits, x -> grouped(one, g -> g.epsilon(x)));
        add(all, "spikeThreshold", fits, x -> grouped(one, g -> g.spikeThreshold(x)));
        add(all, "spikeThreshold", notLost, x -> grouped(one, g -> g.spikeThreshold(x)));
      }
    }
    add(all, "peak", fits, x -> Schedule.warmupCosine(x, 0, 1, 0));
    add(all, "limit", fits, GradientTransform::value);
    add(all, "limit", notLost, GradientTransform::value);
    add(all, "epsilon", fits, x -> built(AdamMini.builder(1).epsilon(x)));
    add(all, "epsilon1", fits, x -> built(Adafactor.builder().epsilons(x, 1)));
    add(all, "epsilon2", fits, x -> built(Adafactor.builder().epsilons(1, x)));
    return all.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("doublesThatNoFloatHolds")
  void doubleThatNoFloatHolds_isRefused(String message, Supplier<Object> call) {
    assertThatThrownBy(call::get).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  static Stream<Arguments> integers() {
    return Stream.of(
        integer(
            "resetInterval must not be negative: resetInterval=-1",
            -1,
            n -> built(Spam.builder().resetInterval(n))),
        integer(
            "resetInterval must not be negative: resetInterval=-9",
            -9,
            n -> built(StableSpam.builder().resetInterval(n))),
        integer(
            "rewarmSteps must not be negative: rewarmSteps=-1",
            -1,
            n -> built(Spam.builder().rewarmSteps(n))),
        integer(
            "spikeGraceSteps must not be negative: spikeGraceSteps=-1",
            -1,
            n -> built(Spam.builder().spikeGraceSteps(n))),
        integer(
            "spikeGraceSteps must not be negative: spikeGraceSteps=-1",
            -1,
            n -> built(StableSpam.builder().spikeGraceSteps(n))),
        integer(
            "totalSteps must not be negative: totalSteps=-1",
            -1,
            n -> built(StableSpam.builder().betaSchedule(n, 1))),
        integer(
            "warmupSteps must not be negative: warmupSteps=-1",
            -1,
            n -> Schedule.warmupCosine(1, n, 1, 0)),
        integer(
            "totalSteps must exceed warmupSteps: totalSteps=3, warmupSteps=3",
            3,
            n -> Schedule.warmupCosine(1, 3, n, 0)),
        integer(
            "beyond and shift must be 0 or 1: beyond=2, shift=0",
            2,
            n -> new WarmupCurve(0, (int) n, 0)),
        integer(
            "beyond and shift must be 0 or 1: beyond=0, shift=-1",
            -1,
            n -> new WarmupCurve(0, 0, (int) n)),
        integer(
            "warmupSteps must be at least 2: warmupSteps=1",
            1,
            n -> new GradientTransform.ZClip(0, 1, (int) n)),
        integer(
            "heads must be positive: heads=0", 0, n -> AdamMini.Partition.transformer((int) n, 1)),
        integer(
            "keyValueHeads must be positive: keyValueHeads=0",
            0,
            n -> AdamMini.builder(1, (int) n)),
        integer(
            "weights, threads and rounds must be positive: weights=0, threads=1, rounds=1",
            0,
            n -> Roofline.measure(n, 1, 1)),
        integer(
            "weights, threads and rounds must be positive: weights=1, threads=0, rounds=1",
            0,
            n -> Roofline.measure(1, (int) n, 1)),
        integer(
            "weights, threads and rounds must be positive: weights=1, threads=1, rounds=0",
            0,
            n -> Roofline.measure(1, 1, (int) n)));
  }

  static Stream<Arguments> threads() {
    return OptimizerCases.algorithms().stream()
        .flatMap(
            one ->
                Stream.of(
                    integer(
                        "threads must be positive: threads=0",
                        0,
                        n -> built(one.builder(0).threads((int) n))),
                    integer(
                        "threads must be positive: threads=-1",
                        -1,
                        n -> built(one.builder(0).threads((int) n))),
                    integer(
                        "threads must be positive: threads=0",
                        0,
                        n -> planned(one.builder(0).threads((int) n)))));
  }

  private static Arguments integer(String message, long bad, LongFunction<Object> call) {
    Supplier<Object> made = () -> call.apply(bad);
    return Arguments.of(message, made);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"doubles", "integers", "threads"})
  void number_isRefused(String message, Supplier<Object> call) {
    assertThatThrownBy(call::get).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  static Stream<Arguments> shapes() {
    return Stream.of(
        Arguments.of(new long[] {2, 0}, "[2, 0]"),
        Arguments.of(new long[] {-2, -3}, "[-2, -3]"),
        Arguments.of(new long[] {1L << 40, 1L << 40}, "[1099511627776, 1099511627776]"),
        Arguments.of(new long[] {(1L << 56) + 1}, "[72057594037927937]"));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void shapeThatIsPlanned_isRefused(long[] shape, String text) {
    for (OptimizerCase one : OptimizerCases.algorithms()) {
      OptimizerBuilder<?> builder = one.builder(0);
      assertThatThrownBy(() -> builder.plannedMemory(Map.of("w", shape)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "shape must have positive extents and at most 2^56 elements: parameter=w, shape="
                  + text);
    }
  }

  @Test
  void patternThatMatchesNothing_isRefused() {
    for (String pattern : List.of("", "W", "w?", "w.*", "\\Ew", "[w]")) {
      assertThatThrownBy(() -> built(Adam.builder().group(pattern, _ -> {})))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("group must match a parameter: pattern=" + pattern + ", parameters=[w]");
    }
  }
}
