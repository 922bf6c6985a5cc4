package io.spam4j.javacpp.pytorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.zeros;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights and gradients of libtorch in bfloat16, each by itself. */
final class TorchBfloat16Test {
  private static final int STEPS = 60;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private PointerScope scope;

  @BeforeEach
  void openScope() {
    scope = new PointerScope();
  }

  @AfterEach
  void closeScope() {
    scope.close();
  }

  /** Two layers with a rectifier between, in bfloat16. */
  private static final class Net extends Module {
    private final LinearImpl first = new LinearImpl(8, 16);
    private final LinearImpl second = new LinearImpl(16, 1);

    Net() {
      super("net");
      register_module("first", first);
      register_module("second", second);
      to(ScalarType.BFloat16, /* non_blocking= */ false);
    }

    /** The mean of the squared errors. */
    Tensor loss(Tensor x, Tensor y) {
      Tensor error = second.forward(first.forward(x).relu()).sub(y);
      return error.mul(error).mean();
    }
  }

  private static MomentBuilder<?> builder(String optimizer) {
    return optimizer.equals("spam")
        ? Spam.builder().learningRate(5e-3).resetInterval(25).rewarmSteps(5).spikeGraceSteps(5)
        : AdamW.builder().learningRate(5e-3);
  }

  /**
   * A model trained through the adapter; beside it, plain tensors that get the same gradients end
   * with the same bits.
   */
  @ParameterizedTest
  @CsvSource({"spam,STOCHASTIC", "spam,EXACT", "adamw,STOCHASTIC", "adamw,EXACT"})
  void module_trained_learnsAndEqualsPlainTensors(String optimizer, WeightRounding rounding) {
    var random = new Random(1);
    var net = new Net();
    Tensor x = gaussians(random, 64, 8);
    Tensor y = x.select(1, 0).sub(x.select(1, 3)).reshape(64, 1);
    var settings = builder(optimizer).weightRounding(rounding);
    double before = net.loss(x, y).item_float();
    try (var torch = TorchParameters.of(net);
        Arena arena = Arena.ofShared()) {
      List<Parameter> plain = new ArrayList<>();
      for (Parameter parameter : torch.parameters()) {
        assertThat(parameter.weights().dtype()).isEqualTo(DType.BF16);
        plain.add(new Parameter(parameter.name(), copy(arena, parameter.weights())));
      }
      try (var tested = settings.build(torch.parameters());
          var model = settings.build(plain)) {
        for (int step = 0; step < STEPS; step++) {
          try (var _ = new PointerScope()) {
            net.loss(x, y).backward();
            Map<String, io.spam4j.tensors.Tensor> gradients = new HashMap<>();
            for (Parameter parameter : plain) {
              var gradient = Objects.requireNonNull(torch.gradients().of(parameter.name()));
              assertThat(gradient.dtype()).isEqualTo(DType.BF16);
              gradients.put(parameter.name(), copy(arena, gradient));
            }
            tested.step(torch.gradients());
            model.step(gradients::get);
            torch.zeroGradients();
          }
        }
        assertSameBits(tested, model);
      }
    }
    assertThat(net.loss(x, y).item_float()).isLessThan((float) (before / 3));
  }

  private static void assertSameBits(Optimizer tested, Optimizer model) {
    for (int i = 0; i < tested.parameters().size(); i++) {
      Parameter one = tested.parameters().get(i);
      Parameter other = model.parameters().get(i);
      assertThat(one.weights().memory().mismatch(other.weights().memory()))
          .as(one.name())
          .isEqualTo(-1);
      model
          .state(one.name())
          .forEach(
              (name, state) -> {
                var mine = Objects.requireNonNull(tested.state(one.name()).get(name));
                assertThat(mine.memory().mismatch(state.memory())).as(name).isEqualTo(-1);
              });
    }
  }

  private static io.spam4j.tensors.Tensor copy(Arena arena, io.spam4j.tensors.Tensor tensor) {
    var copy = io.spam4j.tensors.Tensor.allocate(arena, tensor.dtype(), tensor.shape());
    copy.memory().copyFrom(tensor.memory());
    return copy;
  }

  @ParameterizedTest
  @CsvSource({"Float,BFloat16", "BFloat16,Float", "BFloat16,BFloat16"})
  void types_mixed_areViewedAndStepped(ScalarType weights, ScalarType gradients) {
    Tensor w = floats(1, -2, 3).to(weights).set_requires_grad(true);
    w.mutable_grad().put(floats(0.5f, 0.25f, -4).to(gradients));
    try (var torch = TorchParameters.of(Map.of("w", w));
        var optimizer =
            AdamW.builder()
                .learningRate(0.5)
                .weightDecay(0)
                .weightRounding(WeightRounding.NEAREST)
                .build(torch.parameters())) {
      var gradient = Objects.requireNonNull(torch.gradients().of("w"));
      assertThat(gradient.dtype()).isEqualTo(dtype(gradients));
      assertThat(torch.parameters().getFirst().weights().dtype()).isEqualTo(dtype(weights));
      optimizer.step(torch.gradients());
      // The first step of Adam is the learning rate, against the sign of the gradient.
      assertThat(item(w, 0)).isEqualTo(0.5f);
      assertThat(item(w, 1)).isEqualTo(-2.5f);
      assertThat(item(w, 2)).isEqualTo(3.5f);
    }
  }

  private static DType dtype(ScalarType type) {
    return type == ScalarType.Float ? DType.F32 : DType.BF16;
  }

  @Test
  void gradient_ofAnotherTypeAtTheSameAddress_isSeen() {
    Tensor w = zeros(2).set_requires_grad(true);
    Tensor memory = floats(1, 2);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      w.mutable_grad().put(memory);
      assertThat(Objects.requireNonNull(torch.gradients().of("w")).dtype()).isEqualTo(DType.F32);
      Tensor halves = memory.view(ScalarType.BFloat16).narrow(0, 0, 2);
      w.mutable_grad().put(halves);
      var view = Objects.requireNonNull(torch.gradients().of("w"));
      assertThat(view.dtype()).isEqualTo(DType.BF16);
      assertThat(view.memory().address()).isEqualTo(memory.data_ptr().address());
      assertThat(view.memory().byteSize()).isEqualTo(4);
    }
  }

  @Test
  void gradient_half_isRefused() {
    Tensor w = zeros(2).to(ScalarType.BFloat16).set_requires_grad(true);
    w.mutable_grad().put(zeros(2).to(ScalarType.Half));
    try (var torch = TorchParameters.of(Map.of("layer.w", w))) {
      assertThatThrownBy(() -> torch.gradients().of("layer.w"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "gradient must be float32 or bfloat16, use to(ScalarType.Float): parameter=layer.w,"
                  + " type=Half");
    }
  }

  @Test
  void weights_bfloat16_areRefusedByOptimizersWithoutAForm() {
    try (var torch = TorchParameters.of(Map.of("w", zeros(2).to(ScalarType.BFloat16)))) {
      assertThatThrownBy(() -> Adafactor.builder().build(torch.parameters()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "weights must be F32 for optimizers that have no form for BF16: optimizer=adafactor,"
                  + " parameter=w, dtype=BF16");
    }
  }

  private static float item(Tensor tensor, long i) {
    return tensor.select(0, i).item().toFloat();
  }

  private static Tensor gaussians(Random random, long rows, long columns) {
    float[] values = new float[(int) (rows * columns)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return floats(values).reshape(rows, columns).to(ScalarType.BFloat16);
  }

  private static Tensor floats(float... values) {
    return from_blob(new FloatPointer(values), values.length).clone();
  }
}
