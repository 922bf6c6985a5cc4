package io.spam4j.javacpp.pytorch;

import static io.spam4j.javacpp.pytorch.TorchTensors.floats;
import static io.spam4j.javacpp.pytorch.TorchTensors.trainable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.zeros;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.AdamW;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Parameters that are frozen, empty, or registered twice. */
class TorchFreezingTest {
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
  void weights_frozenBetweenSteps_stay() {
    Tensor frozen = trainable(new float[] {1}, 1);
    Tensor other = trainable(new float[] {1}, 1);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("frozen", frozen);
    tensors.put("other", other);
    try (var torch = TorchParameters.of(tensors);
        Optimizer optimizer = build(torch)) {
      train(torch, optimizer, frozen, other);
      float[] value = floats(frozen);
      float[] moment = optimizer.firstMoment("frozen").toFloats();
      assertThat(value[0]).isCloseTo(0.6733f, within(1e-3f));
      frozen.set_requires_grad(false);
      train(torch, optimizer, frozen, other);
      assertThat(floats(frozen)).containsExactly(value);
      assertThat(optimizer.firstMoment("frozen").toFloats()).containsExactly(moment);
      assertThat(frozen.grad().defined()).isFalse();
      assertThat(floats(other)[0]).isLessThan(value[0]);
    }
  }

  private static org.assertj.core.data.Offset<Float> within(float tolerance) {
    return org.assertj.core.data.Offset.offset(tolerance);
  }

  private static void train(TorchParameters torch, Optimizer optimizer, Tensor one, Tensor other) {
    for (int step = 0; step < 3; step++) {
      try (var _ = new PointerScope()) {
        one.add(other).sum().backward();
        optimizer.step(torch.gradients());
        torch.zeroGradients();
      }
    }
  }

  @Test
  void weights_frozenWithAStaleGradient_stay() {
    Tensor w = trainable(new float[] {1}, 1);
    try (var torch = TorchParameters.of(Map.of("w", w));
        Optimizer optimizer = build(torch)) {
      w.sum().backward();
      w.set_requires_grad(false);
      optimizer.step(torch.gradients());
      assertThat(floats(w)).containsExactly(1);
      assertThat(optimizer.secondMoment("w").toFloats()).containsExactly(0);
    }
  }

  @Test
  void weights_unfrozen_goOn() {
    Tensor w = trainable(new float[] {1}, 1).set_requires_grad(false);
    try (var torch = TorchParameters.of(Map.of("w", w));
        Optimizer optimizer = build(torch)) {
      optimizer.step(torch.gradients());
      w.set_requires_grad(true);
      w.sum().backward();
      optimizer.step(torch.gradients());
      assertThat(floats(w)[0]).isCloseTo(1 - 0.1f - 0.01f, within(1e-6f)); // rate, then decay
    }
  }

  @Test
  void module_mostlyFrozen_holdsStateOfTheRest() {
    Module model = new Module("model");
    model.register_parameter("base", zeros(512, 512).to(ScalarType.Half), false);
    model.register_parameter("down", ones(8, 512));
    model.register_parameter("up", ones(512, 8));
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      assertThat(torch.parameters()).extracting(Parameter::name).containsExactly("down", "up");
      assertThat(optimizer.memory().moments()).isLessThan(2 * 4 * 2 * 8 * 512 + 4096);
    }
  }

  @Test
  void module_leftOutParameterTrains_isRefused() {
    Module model = new Module("model");
    Tensor base = registered(model, "base", ones(2), false);
    Tensor adapter = registered(model, "adapter", ones(2), true);
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      base.set_requires_grad(true);
      base.mul(adapter).sum().backward();
      assertThatThrownBy(() -> optimizer.step(torch.gradients()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "a parameter that was left out, being frozen or without elements, must not train:"
                  + " freeze it, or call TorchParameters.of again and build the optimizer from it,"
                  + " its state goes over by save and load with allowMissingParameters():"
                  + " parameter=base");
      assertThat(floats(adapter)).containsExactly(1, 1);
      base.set_requires_grad(false);
      optimizer.step(torch.gradients());
      assertThat(floats(base)).containsExactly(1, 1);
      torch.zeroGradients();
      assertThat(base.grad().defined()).isFalse();
    }
  }

  /** It never asks for the first parameter, and is not the only optimizer. */
  @Test
  void module_leftOutParameterTrainsBesideAnOptimizerOfTheLast_isRefusedAtEachStep() {
    Module model = new Module("model");
    Tensor base = registered(model, "base", ones(2), false);
    Tensor first = registered(model, "first", ones(2), true);
    Tensor last = registered(model, "last", ones(2), true);
    try (var torch = TorchParameters.of(model);
        Optimizer ofFirst = build(torch.parameters().subList(0, 1));
        Optimizer ofLast = build(torch.parameters().subList(1, 2))) {
      base.mul(first).mul(last).sum().backward();
      ofFirst.step(torch.gradients());
      ofLast.step(torch.gradients());
      float[] before = floats(last);
      base.set_requires_grad(true);
      base.mul(first).mul(last).sum().backward();
      for (int step = 0; step < 2; step++) {
        assertThatThrownBy(() -> ofLast.step(torch.gradients()))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageEndingWith(": parameter=base");
      }
      assertThat(floats(last)).containsExactly(before);
      torch.zeroGradients();
      base.mul(first).mul(last).sum().backward();
      assertThatThrownBy(() -> ofFirst.step(torch.gradients()))
          .isInstanceOf(IllegalStateException.class);
      base.set_requires_grad(false);
      ofFirst.step(torch.gradients());
      base.set_requires_grad(true);
      torch.zeroGradients(); // another step, which begins with another parameter
      base.mul(last).sum().backward();
      assertThatThrownBy(() -> ofLast.step(torch.gradients()))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void module_leftOutParameterOfOtherParameters_hasNoGradient() {
    Module model = new Module("model");
    Tensor base = registered(model, "base", ones(2), true);
    Tensor adapter = registered(model, "adapter", ones(2), true);
    try (var before = TorchParameters.of(model);
        Optimizer optimizer = build(before)) {
      base.set_requires_grad(false);
      try (var after = TorchParameters.of(model)) {
        adapter.sum().backward();
        optimizer.step(after.gradients());
        assertThat(floats(base)).containsExactly(1, 1);
      }
    }
  }

  @Test
  void module_allFrozen_isRefused() {
    Module model = new Module("model");
    model.register_parameter("base", ones(2), false);
    model.register_parameter("rest", zeros(0, 4));
    assertThatThrownBy(() -> TorchParameters.of(model))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("one parameter or more must train: frozen or without elements=[base, rest]");
  }

  @Test
  void module_withAnEmptyParameter_trainsTheRest() {
    Module model = new Module("model");
    Tensor empty = registered(model, "empty", zeros(0, 4), true);
    Tensor w = registered(model, "w", ones(2), true);
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      empty.sum().add(w.sum()).backward();
      optimizer.step(torch.gradients());
      torch.zeroGradients();
      assertThat(floats(w)[0]).isLessThan(1);
    }
  }

  @Test
  void module_parameterRegisteredTwice_isThereOnce() {
    Tensor w = ones(2);
    Module model = new Module("model");
    Module head = new Module("head");
    Tensor tied = registered(model, "embedding", w, true);
    head.register_parameter("weight", tied);
    model.register_module("head", head);
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      assertThat(torch.parameters()).extracting(Parameter::name).containsExactly("embedding");
      tied.sum().backward();
      optimizer.step(torch.gradients());
      assertThat(floats(tied)[0]).isCloseTo(0.89f, within(1e-6f));
    }
  }

  /** The tensor itself: what register_parameter returns is a place that later ones move. */
  private static Tensor registered(Module model, String name, Tensor tensor, boolean trains) {
    model.register_parameter(name, tensor, trains);
    return tensor;
  }

  private static Optimizer build(TorchParameters torch) {
    return build(torch.parameters());
  }

  private static Optimizer build(List<Parameter> parameters) {
    return AdamW.builder().learningRate(0.1).weightDecay(0.1).build(parameters);
  }
}
