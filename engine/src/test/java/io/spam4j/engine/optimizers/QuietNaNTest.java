package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a run under {@link NonFinitePolicy#PROPAGATE} leaves where it has left numbers behind is one
 * NaN, at every vector width and on every processor: files of equal runs are equal.
 */
final class QuietNaNTest {
  private static final int ROWS = 40;
  private static final int COLUMNS = 50;
  private static final int ONE_NAN = 0x7fc0_0000;

  static List<Named<Supplier<OptimizerBuilder<?>>>> optimizers() {
    return List.of(
        Named.of("amsgrad", () -> Adam.builder().amsgrad(true)),
        Named.of("sparse amsgrad", () -> AdamW.builder().amsgrad(true).density(0.5)),
        Named.of("adam", Adam::builder),
        Named.of("adamw", () -> AdamW.builder().weightDecay(0.1)),
        Named.of("coupled", () -> spam().weightDecayMode(WeightDecayMode.COUPLED).weightDecay(0.1)),
        Named.of("bf16", () -> AdamW.builder().moments(MomentFormat.BF16)),
        Named.of("int8", () -> AdamW.builder().moments(MomentFormat.INT8)),
        Named.of("clipped", () -> AdamW.builder().transforms(GradientTransform.globalNorm(1))),
        Named.of("spam", QuietNaNTest::spam),
        Named.of("gaussian", () -> spam().spikeAction(SpikeAction.GAUSSIAN)),
        Named.of("reference", () -> Spam.builder(Spam.Preset.REFERENCE).resetInterval(50)),
        Named.of("sparse", () -> spam().density(0.4)),
        Named.of("very sparse", () -> spam().density(0.02)),
        Named.of("sparse bf16", () -> spam().density(0.4).moments(MomentFormat.BF16)),
        Named.of("sparse int8", () -> spam().density(0.4).moments(MomentFormat.INT8)),
        Named.of("unselected", () -> spam().density(0.4).unselected(UnselectedWeights.SGD)),
        Named.of("stable spam", StableSpam::builder),
        Named.of("lion", () -> Lion.builder().weightDecay(0.1)),
        Named.of("sgd", () -> Sgd.builder().weightDecay(0.1)),
        Named.of("nesterov", () -> Sgd.builder().nesterov(true)),
        Named.of("adafactor", Adafactor::builder),
        Named.of("adafactor with momentum", () -> Adafactor.builder().beta1(0.9)),
        Named.of("adam-mini", () -> AdamMini.builder(1)));
  }

  private static Spam.Builder spam() {
    return Spam.builder().resetInterval(50).rewarmSteps(5).spikeThreshold(50);
  }

  private static void fill(Tensor tensor, Random random, int odds) {
    boolean isHalf = tensor.dtype() == DType.BF16;
    for (long at = 0; at < tensor.bytes(); at += tensor.dtype().bytes(1)) {
      int bits =
          switch (random.nextInt(odds)) {
            case 0 -> 0x7f80_0001 + random.nextInt(0x7f_fffe); // any NaN
            case 1 -> 0xff80_0001 + random.nextInt(0x7f_fffe);
            case 2 -> Float.floatToRawIntBits(Float.POSITIVE_INFINITY);
            case 3 -> Float.floatToRawIntBits(Float.NEGATIVE_INFINITY);
            default -> Float.floatToRawIntBits((float) random.nextGaussian());
          };
      if (isHalf) {
        short upper = (short) (bits >> Short.SIZE);
        tensor.memory().set(ValueLayout.JAVA_SHORT_UNALIGNED, at, upper);
      } else {
        tensor.memory().set(ValueLayout.JAVA_INT_UNALIGNED, at, bits);
      }
    }
  }

  private static void addNaNs(Tensor tensor, Set<Integer> bits) {
    if (tensor.dtype() == DType.BF16) {
      for (long at = 0; at < tensor.bytes(); at += Short.BYTES) {
        int raw = tensor.memory().get(ValueLayout.JAVA_SHORT_UNALIGNED, at) << Short.SIZE;
        if (Float.isNaN(Float.intBitsToFloat(raw))) {
          bits.add(raw);
        }
      }
      return;
    }
    if (tensor.dtype() != DType.F32) {
      return; // codes
    }
    for (long at = 0; at < tensor.bytes(); at += Float.BYTES) {
      int raw = tensor.memory().get(ValueLayout.JAVA_INT_UNALIGNED, at);
      if (Float.isNaN(Float.intBitsToFloat(raw))) {
        bits.add(raw);
      }
    }
  }

  static List<Named<Supplier<OptimizerBuilder<?>>>> halves() {
    return List.of(
        Named.of("stochastic", () -> spam().moments(MomentFormat.BF16)),
        Named.of("nearest", () -> spam().weightRounding(WeightRounding.NEAREST)),
        Named.of("exact", () -> spam().weightRounding(WeightRounding.EXACT)),
        Named.of("int8", () -> spam().moments(MomentFormat.INT8)),
        Named.of("sparse", () -> spam().density(0.4)),
        Named.of("sparse exact", () -> spam().density(0.4).weightRounding(WeightRounding.EXACT)),
        Named.of(
            "emulated",
            () ->
                Spam.builder(Spam.Preset.REFERENCE)
                    .moments(MomentFormat.BF16_EMULATED)
                    .weightRounding(WeightRounding.NEAREST)));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void stateAndWeights_haveOneNaN(Supplier<OptimizerBuilder<?>> make) {
    requireOneNaN(make, DType.F32);
  }

  @ParameterizedTest
  @MethodSource("halves")
  void stateAndHalfWeights_haveOneNaN(Supplier<OptimizerBuilder<?>> make) {
    requireOneNaN(make, DType.BF16);
  }

  private static void requireOneNaN(Supplier<OptimizerBuilder<?>> make, DType weights) {
    var random = new Random(7);
    try (Arena arena = Arena.ofShared()) {
      Tensor matrix = Tensor.allocate(arena, weights, ROWS, COLUMNS);
      Tensor vector = Tensor.allocate(arena, weights, COLUMNS);
      DType gradients = weights; // emulated operations have no others
      Tensor ofMatrix = Tensor.allocate(arena, gradients, ROWS, COLUMNS);
      Tensor ofVector = Tensor.allocate(arena, gradients, COLUMNS);
      OptimizerBuilder<?> builder = make.get().nonFinite(NonFinitePolicy.PROPAGATE);
      try (Optimizer optimizer =
          builder.build(List.of(new Parameter("embed", matrix), new Parameter("v", vector)))) {
        for (int step = 0; step < 200; step++) {
          int odds = step % 3 == 0 ? 200 : Integer.MAX_VALUE; // others have finite gradients
          fill(ofMatrix, random, odds);
          fill(ofVector, random, odds);
          optimizer.step(name -> name.equals("embed") ? ofMatrix : ofVector);
          Set<Integer> nans = new TreeSet<>();
          addNaNs(matrix, nans);
          addNaNs(vector, nans);
          for (Parameter parameter : optimizer.parameters()) {
            optimizer.state(parameter.name()).values().forEach(tensor -> addNaNs(tensor, nans));
          }
          assertThat(nans).as("step %d", step).isSubsetOf(ONE_NAN);
          assertThat(step < 10 || !nans.isEmpty()).isTrue();
        }
      }
    }
  }
}
