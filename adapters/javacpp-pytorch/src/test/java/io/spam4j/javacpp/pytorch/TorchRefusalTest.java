package io.spam4j.javacpp.pytorch;

import static io.spam4j.javacpp.pytorch.TorchTensors.trainable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.pytorch.global.torch.zeros;

import io.spam4j.engine.optimizers.Sgd;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights and gradients that cannot be viewed are refused, with the whole message. */
class TorchRefusalTest {
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

  @Test
  void weights_undefined_areRefused() {
    assertRefused(new Tensor(), "weights must be defined: parameter=layer.w");
  }

  @Test
  void weights_notContiguous_areRefused() {
    assertRefused(
        zeros(2, 3).transpose(0, 1),
        "weights must be contiguous, use contiguous(): parameter=layer.w, shape=[3, 2],"
            + " strides=[1, 3]");
  }

  @Test
  void weights_notOnTheCpu_areRefused() {
    assertRefused(
        zeros(2, 3).to(new Device("meta"), torch.ScalarType.Float),
        "weights must be on the CPU, move the model there first: parameter=layer.w, device=meta");
  }

  @Test
  void weights_sparse_areRefused() {
    assertRefused(
        zeros(2, 3).to_sparse(),
        "weights must be dense, use to_dense(): parameter=layer.w, layout=Sparse");
  }

  @Test
  void weights_double_areRefused() {
    assertRefused(
        zeros(2, 3).to(torch.ScalarType.Double),
        "weights must be float32 or bfloat16, use to(ScalarType.Float): parameter=layer.w,"
            + " type=Double");
  }

  @Test
  void weights_half_areRefused() {
    assertRefused(
        zeros(2, 3).to(torch.ScalarType.Half),
        "weights must be float32 or bfloat16, use to(ScalarType.Float): parameter=layer.w,"
            + " type=Half");
  }

  @Test
  void weights_lazilyNegated_areRefused() {
    assertRefused(
        zeros(2, 3)._neg_view(),
        "weights must not be a view that negates, use resolve_neg(): parameter=layer.w");
  }

  @Test
  void weights_computed_areRefused() {
    assertRefused(
        trainable(new float[] {1, 2}, 2).mul(new Scalar(2.0f)),
        "weights must be a leaf of autograd's graph, use detach(): parameter=layer.w");
  }

  @Test
  void weights_allEmpty_areRefused() {
    assertRefused(
        zeros(0, 3), "one parameter or more must train: frozen or without elements=[layer.w]");
  }

  @Test
  void weights_underTwoNames_areRefused() {
    Tensor w = zeros(2);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("embedding", w);
    tensors.put("head", new Tensor(w));
    assertThatThrownBy(() -> TorchParameters.of(tensors))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a tensor must have one name: parameters=embedding, head");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "half of a pair: \ud83d"})
  void weights_underANameThatCannotBeSaved_areRefusedAndLetGo(String name) {
    assertNameRefused(name);
  }

  @Test
  void weights_underANameThatIsTooLong_areRefusedAndLetGo() {
    assertNameRefused("n".repeat(65_537));
  }

  private static void assertNameRefused(String name) {
    Tensor first = zeros(2);
    long references = first.use_count();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("first", first);
    tensors.put(name, zeros(2));
    assertThatThrownBy(() -> TorchParameters.of(tensors))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("parameter name must ");
    assertThat(first.use_count()).isEqualTo(references);
  }

  @Test
  void weights_sharingMemory_areRefusedByTheBuilder() {
    Tensor w = zeros(2);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("embedding", w);
    tensors.put("head", w.detach());
    try (var torch = TorchParameters.of(tensors)) {
      assertThatThrownBy(() -> Sgd.builder().build(torch.parameters()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("weights of two parameters must not overlap: parameters=embedding, head");
    }
  }

  @Test
  void gradient_ofAnUnknownParameter_isRefused() {
    try (var torch = TorchParameters.of(Map.of("layer.w", zeros(2)))) {
      assertThatThrownBy(() -> torch.gradients().of("layers.w"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("no such parameter: name=layers.w, names=[layer.w]");
    }
  }

  @Test
  void gradient_notContiguous_isRefused() {
    assertGradientRefused(
        zeros(3, 2).transpose(0, 1),
        "gradient must be contiguous, use contiguous(): parameter=layer.w, shape=[2, 3],"
            + " strides=[1, 2]");
  }

  @Test
  void gradient_notOnTheCpu_isRefused() {
    assertGradientRefused(
        zeros(2, 3).to(new Device("meta"), torch.ScalarType.Float),
        "gradient must be on the CPU, move the model there first: parameter=layer.w, device=meta");
  }

  @Test
  void gradient_sparse_isRefused() {
    assertGradientRefused(
        zeros(2, 3).to_sparse(),
        "gradient must be dense, use to_dense(): parameter=layer.w, layout=Sparse");
  }

  @Test
  void gradient_double_isRefused() {
    assertGradientRefused(
        zeros(2, 3).to(torch.ScalarType.Double),
        "gradient must be float32 or bfloat16, use to(ScalarType.Float): parameter=layer.w,"
            + " type=Double");
  }

  @Test
  void gradient_lazilyNegated_isRefused() {
    assertGradientRefused(
        zeros(2, 3)._neg_view(),
        "gradient must not be a view that negates, use resolve_neg(): parameter=layer.w");
  }

  @Test
  void gradient_ofAnotherShape_isRefused() {
    assertGradientRefused(
        zeros(3, 2),
        "gradient shape must equal weight shape: parameter=layer.w, gradient=[3, 2],"
            + " weight=[2, 3]");
  }

  private static void assertRefused(Tensor weights, String message) {
    assertThatThrownBy(() -> TorchParameters.of(Map.of("layer.w", weights)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private static void assertGradientRefused(Tensor gradient, String message) {
    Tensor weights = zeros(2, 3).set_requires_grad(true);
    weights.mutable_grad().put(gradient);
    try (var torch = TorchParameters.of(Map.of("layer.w", weights))) {
      assertThatThrownBy(() -> torch.gradients().of("layer.w"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(message);
    }
  }
}
