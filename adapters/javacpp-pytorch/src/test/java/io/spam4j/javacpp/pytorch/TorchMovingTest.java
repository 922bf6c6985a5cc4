package io.spam4j.javacpp.pytorch;

import static io.spam4j.javacpp.pytorch.TorchTensors.floats;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.pytorch.global.torch.ones;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.AdamW;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights that get other memory after an optimizer was built: refused by name, nothing changed. */
class TorchMovingTest {
  private static final String RULE =
      "weights must stay where they were, call TorchParameters.of again and build the optimizer"
          + " from it, its state goes over by save and load: parameter=";

  @TempDir Path folder;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private PointerScope scope;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private Module model;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private Tensor bias;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private Tensor weight;

  @BeforeEach
  void openScope() {
    scope = new PointerScope();
    model = new Module("model");
    bias = registered("bias", ones(1));
    weight = registered("weight", ones(1, 2));
  }

  /** The tensor itself: what register_parameter returns is a place that later ones move. */
  private Tensor registered(String name, Tensor tensor) {
    model.register_parameter(name, tensor);
    return tensor;
  }

  @AfterEach
  void closeScope() {
    scope.close();
  }

  @Test
  void weights_otherMemory_areRefused() {
    assertMoveRefused(w -> w.set_data(ones(1, 2)), "memory=another");
  }

  @Test
  void weights_ofAnotherParameter_areRefused() {
    assertMoveRefused(w -> w.set_data(bias.detach().expand(1, 2).contiguous()), "memory=another");
  }

  @Test
  void weights_asDouble_areRefused() {
    assertMoveRefused(w -> w.set_data(w.detach().to(ScalarType.Double)), "type=Double, was=Float");
  }

  @Test
  void weights_ofTheSameMemoryInAnotherType_areRefused() {
    assertMoveRefused(
        w -> w.set_data(w.detach().view(ScalarType.BFloat16).narrow(1, 0, 2)),
        "type=BFloat16, was=Float");
  }

  @Test
  void weights_ofAnotherShape_areRefused() {
    assertMoveRefused(w -> w.set_data(w.detach().view(2)), "shape=[2], was=[1, 2]");
  }

  @Test
  void weights_strided_areRefused() {
    assertMoveRefused(
        w -> w.set_data(ones(4).as_strided(new long[] {1, 2}, 4, 2)), "strides=[4, 2]");
  }

  @Test
  void weights_lazilyNegated_areRefused() {
    assertMoveRefused(w -> w.set_data(w.detach()._neg_view()), "negated=true");
  }

  @Test
  void weights_whoseStorageGrew_areRefused() {
    assertMoveRefused(w -> w.variable_data().resize_(1 << 20), "memory=another");
  }

  private void assertMoveRefused(Consumer<Tensor> move, String found) {
    weight.mutable_grad().put(ones(1, 2));
    bias.mutable_grad().put(ones(1));
    try (var torch = TorchParameters.of(model);
        var optimizer =
            AdamW.builder().learningRate(0.5).weightDecay(0).build(torch.parameters())) {
      optimizer.step(torch.gradients());
      assertThat(floats(weight)).containsExactly(0.5f, 0.5f);
      move.accept(weight);
      assertThatThrownBy(() -> optimizer.step(torch.gradients()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(RULE + "weight, " + found);
      assertThat(floats(bias)).as("the parameter before it").containsExactly(0.5f);
      assertThat(optimizer.stepCount()).isEqualTo(1);
    }
  }

  /**
   * With weights of 1, a learning rate of 0.5 and any gradient: 0.5 after the first step of Adam.
   */
  @Test
  void model_toDoubleAndBack_goesOnAfterTakingItAgain() throws IOException {
    Path file = folder.resolve("state.safetensors");
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      backward();
      model.to(ScalarType.Double, /* non_blocking= */ false);
      model.to(ScalarType.Float, /* non_blocking= */ false);
      backward();
      assertThatThrownBy(() -> optimizer.step(torch.gradients()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(RULE + "bias, memory=another");
      optimizer.save(file);
    }
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      optimizer.load(file);
      optimizer.step(torch.gradients());
      assertThat(floats(weight)).containsExactly(0.5f, 0.5f);
      assertThat(floats(bias)).containsExactly(0.5f);
    }
  }

  /** Moved weights crashed the JVM after some hundred such steps: their old memory was freed. */
  @Test
  void weights_movedAgainAndAgain_areRefusedEachTime() {
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      for (int step = 0; step < 2000; step++) {
        try (var _ = new PointerScope()) {
          weight.set_data(ones(1, 2));
          backward();
          assertThatThrownBy(() -> optimizer.step(torch.gradients()))
              .isInstanceOf(IllegalStateException.class);
          torch.zeroGradients();
        }
      }
      assertThat(torch.parameters().getLast().weights().toFloats()).containsExactly(1, 1);
      assertThat(floats(weight)).containsExactly(1, 1);
    }
  }

  @Test
  void model_loaded_isFollowedOrRefused() {
    String file = folder.resolve("model.pt").toString();
    var written = new OutputArchive();
    model.save(written);
    written.save_to(file);
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      var read = new InputArchive();
      read.load_from(file);
      model.load(read);
      backward();
      assertThatThrownBy(() -> optimizer.step(torch.gradients()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(RULE + "bias, memory=another");
      assertThat(floats(weight)).containsExactly(1, 1);
    }
  }

  @Test
  void weights_moved_areNeitherSavedNorLoaded() throws IOException {
    Path file = folder.resolve("run.safetensors");
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      optimizer.save(file, SaveOptions.defaults().withWeights());
      weight.set_data(ones(1, 2));
      assertThatThrownBy(() -> optimizer.save(file, SaveOptions.defaults().withWeights()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(RULE + "weight, memory=another");
      assertThatThrownBy(() -> optimizer.load(file, LoadOptions.strict().withWeights()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(RULE + "weight, memory=another");
    }
  }

  /** The first half of the remedy alone: parameters taken anew, and the optimizer of before. */
  @Test
  void weights_movedAndTakenAgain_areRefusedByTheOptimizerOfBefore() {
    try (var before = TorchParameters.of(model);
        Optimizer optimizer = build(before)) {
      weight.set_data(ones(1, 2));
      try (var after = TorchParameters.of(model)) {
        backward();
        assertThatThrownBy(() -> optimizer.step(after.gradients()))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage(RULE + "weight, memory=another");
        assertThat(floats(bias)).containsExactly(1);
      }
    }
  }

  @Test
  void weights_copiedInto_areFollowed() {
    try (var torch = TorchParameters.of(model);
        Optimizer optimizer = build(torch)) {
      backward();
      try (var _ = new NoGradGuard()) {
        weight.copy_(floats(new float[] {3, -3}, 1, 2));
      }
      optimizer.step(torch.gradients());
      assertThat(floats(weight)).containsExactly(2.5f, -3.5f);
    }
  }

  private static Optimizer build(TorchParameters torch) {
    return AdamW.builder().learningRate(0.5).weightDecay(0).build(torch.parameters());
  }

  private void backward() {
    weight.sum().add(bias.sum()).backward();
  }
}
