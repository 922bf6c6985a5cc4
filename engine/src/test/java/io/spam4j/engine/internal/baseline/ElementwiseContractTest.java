package io.spam4j.engine.internal.baseline;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.state.RoundingKey;
import io.spam4j.engine.optimizers.ElementwiseBuilder;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps of Lion and SGD have the bits of their scalar forms, whatever the width and the format. */
@Tag("kernel")
final class ElementwiseContractTest {
  private static final int[] SIZES = {1, 15, 16, 17, 65, 1021, 4099, 16_400, 33_000};
  private static final int STEPS = 3;
  private static final long SEED = 5;

  private static final float[] AWKWARD = {
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    0,
    -0f,
    1e-40f,
    -1e-38f,
    1e30f,
    3e38f
  };

  /** An optimizer and how its streams are stored. */
  record Case(
      String name,
      Supplier<ElementwiseBuilder<?>> make,
      DType weights,
      DType gradients,
      WeightRounding rounding,
      boolean propagates) {
    ElementwiseBuilder<?> builder() {
      ElementwiseBuilder<?> builder = make.get();
      builder.weightRounding(rounding).seed(SEED).learningRate(0.01);
      builder.nonFinite(propagates ? NonFinitePolicy.PROPAGATE : NonFinitePolicy.SKIP_COORDINATE);
      return builder;
    }

    @Override
    public String toString() {
      return "%s, weights %s %s, gradients %s, propagates %s"
          .formatted(name, weights, rounding, gradients, propagates);
    }
  }

  static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (DType weights : List.of(DType.F32, DType.BF16)) {
      for (DType gradients : List.of(DType.F32, DType.BF16)) {
        for (WeightRounding rounding : WeightRounding.values()) {
          if (weights == DType.F32 && rounding != WeightRounding.NEAREST) {
            continue;
          }
          for (boolean propagates : new boolean[] {false, true}) {
            add(cases, "lion", Lion::builder, weights, gradients, rounding, propagates);
            add(
                cases,
                "lion decay",
                () -> Lion.builder().weightDecay(0.1),
                weights,
                gradients,
                rounding,
                propagates);
            add(cases, "sgd", Sgd::builder, weights, gradients, rounding, propagates);
            add(
                cases,
                "sgd nesterov",
                () -> Sgd.builder().nesterov(true).weightDecay(0.1),
                weights,
                gradients,
                rounding,
                propagates);
            add(
                cases,
                "sgd plain",
                () -> Sgd.builder().momentum(0).weightDecay(0.1),
                weights,
                gradients,
                rounding,
                propagates);
          }
        }
      }
    }
    return cases.stream();
  }

  private static void add(
      List<Case> cases,
      String name,
      Supplier<ElementwiseBuilder<?>> make,
      DType weights,
      DType gradients,
      WeightRounding rounding,
      boolean propagates) {
    cases.add(new Case(name, make, weights, gradients, rounding, propagates));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void steps_haveTheBitsOfTheScalarForm(Case one) {
    for (int size : SIZES) {
      for (int threads = 1; threads <= 2; threads++) {
        compare(one, size, threads);
      }
    }
  }

  private static void compare(Case one, int size, int threads) {
    var random = new Random(size);
    try (Arena arena = Arena.ofShared()) {
      Tensor weights = Tensor.allocate(arena, one.weights, size);
      Tensor gradient = Tensor.allocate(arena, one.gradients, size);
      for (int i = 0; i < size; i++) {
        set(weights, i, (float) random.nextGaussian());
      }
      var plain = new Plain(one, weights);
      List<Parameter> parameters = List.of(new Parameter("w", weights));
      try (Optimizer optimizer = one.builder().threads(threads).build(parameters)) {
        for (int t = 1; t <= STEPS; t++) {
          for (int i = 0; i < size; i++) {
            boolean isAwkward = random.nextInt(300) == 0 || (t == 2 && i < 4);
            float usual = (float) random.nextGaussian();
            set(gradient, i, isAwkward ? AWKWARD[random.nextInt(AWKWARD.length)] : usual);
          }
          StepReport report = optimizer.step(Gradients.of(Map.of("w", gradient)));
          UpdateTally tally = plain.step(gradient, t);
          assertThat(report.skippedCoordinates()).isEqualTo(tally.skipped);
          assertThat(report.clampedCoordinates()).isEqualTo(tally.clamped);
          assertThat(bytes(weights.memory())).isEqualTo(bytes(plain.stored));
          for (Tensor state : optimizer.state("w").values()) {
            MemorySegment expected = state.dtype() == DType.I16 ? plain.low : plain.state;
            assertThat(bytes(state.memory())).isEqualTo(bytes(expected));
          }
        }
      }
    }
  }

  private static byte[] bytes(MemorySegment memory) {
    return memory.toArray(JAVA_BYTE);
  }

  private static void set(Tensor tensor, int i, float value) {
    if (tensor.dtype() == DType.F32) {
      tensor.setFloat(i, value);
    } else {
      short half = (short) (Float.floatToRawIntBits(value) >>> 16);
      tensor.memory().set(JAVA_SHORT_UNALIGNED, i * 2L, half);
    }
  }

  /** The scalar form on float32, with weights that are decoded and encoded by the codec. */
  private static final class Plain {
    private final Case one;
    private final int size;
    private final MemorySegment floats;
    final MemorySegment stored; // as the weights are
    final MemorySegment low;
    final MemorySegment state;

    Plain(Case one, Tensor weights) {
      this.one = one;
      size = (int) weights.elements();
      floats = MemorySegment.ofArray(new float[size]);
      stored = MemorySegment.ofArray(bytes(weights.memory()));
      low = MemorySegment.ofArray(new short[size]);
      state = MemorySegment.ofArray(new float[size]);
    }

    UpdateTally step(Tensor gradient, long t) {
      load();
      var o = new Operands();
      o.weights = floats;
      o.firstMoment = state;
      o.gradient = MemorySegment.ofArray(new float[size]);
      if (gradient.dtype() == DType.F32) {
        o.gradient.copyFrom(gradient.memory());
      } else {
        Bfloat16.decode(gradient.memory(), 0, o.gradient, 0, size);
      }
      var tally = new UpdateTally();
      if (one.name.startsWith("lion")) {
        LionUpdate.apply(o, 0, size, lion(), tally);
      } else {
        SgdUpdate.apply(o, 0, size, sgd(t), tally);
      }
      if (one.propagates) {
        QuietNaN.in(floats, 0, size);
        QuietNaN.in(state, 0, size);
      }
      store(t);
      return tally;
    }

    private void load() {
      if (one.weights == DType.F32) {
        floats.copyFrom(stored);
      } else if (one.rounding == WeightRounding.EXACT) {
        Bfloat16.decodeSplit(stored, 0, low, 0, floats, 0, size);
      } else {
        Bfloat16.decode(stored, 0, floats, 0, size);
      }
    }

    private void store(long t) {
      if (one.weights == DType.F32) {
        stored.copyFrom(floats);
        return;
      }
      switch (one.rounding) {
        case EXACT -> Bfloat16.encodeSplit(floats, 0, stored, 0, low, 0, size);
        case NEAREST -> Bfloat16.encodeNearest(floats, 0, stored, 0, size);
        case STOCHASTIC ->
            Bfloat16.encodeStochastic(
                floats, 0, stored, 0, size, Draw.WEIGHTS, new RoundingKey(SEED, "w").at(t), 0);
      }
    }

    private LionCoefficients lion() {
      var c = new LionCoefficients();
      c.skipsNonFinite = !one.propagates;
      c.beta1 = 0.9f;
      c.oneMinusBeta1 = (float) (1 - 0.9);
      c.beta2 = 0.99f;
      c.oneMinusBeta2 = (float) (1 - 0.99);
      c.stepSize = 0.01f;
      c.decayBefore = (float) (1 - 0.01 * (one.name.endsWith("decay") ? 0.1 : 0));
      return c;
    }

    private SgdCoefficients sgd(long t) {
      var c = new SgdCoefficients();
      c.skipsNonFinite = !one.propagates;
      c.hasBuffer = !one.name.endsWith("plain");
      c.momentum = c.hasBuffer ? 0.9f : 0;
      c.oneMinusDampening = 1;
      c.nesterov = one.name.endsWith("nesterov");
      c.coupledDecay = one.name.equals("sgd") ? 0 : 0.1f;
      c.startsBuffer = t == 1;
      c.stepSize = 0.01f;
      return c;
    }
  }
}
