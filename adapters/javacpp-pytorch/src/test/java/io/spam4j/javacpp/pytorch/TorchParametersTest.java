package io.spam4j.javacpp.pytorch;

import static io.spam4j.javacpp.pytorch.TorchTensors.floats;
import static io.spam4j.javacpp.pytorch.TorchTensors.trainable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.ones;

import io.spam4j.engine.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TorchParametersTest {
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
  void weights_writtenInJava_readInLibtorch() {
    Tensor w = floats(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      io.spam4j.tensors.Tensor view = torch.parameters().getFirst().weights();
      view.setFloat(4, 50);
      assertThat(view.shape()).containsExactly(2, 3);
      assertThat(w.select(0, 1).select(0, 1).item_float()).isEqualTo(50);
    }
  }

  @Test
  void weights_writtenInLibtorch_readInJava() {
    Tensor w = floats(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      try (var _ = new NoGradGuard()) {
        w.mul_(new Scalar(10.0f));
      }
      assertThat(torch.parameters().getFirst().weights().toFloats())
          .containsExactly(10, 20, 30, 40, 50, 60);
    }
  }

  @Test
  void weights_writtenByAnotherThread_readInLibtorch() throws InterruptedException {
    Tensor w = floats(new float[] {1, 2}, 2);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      Parameter parameter = torch.parameters().getFirst();
      AtomicReference<Throwable> failure = new AtomicReference<>();
      Thread writer = Thread.ofPlatform().start(() -> parameter.weights().setFloat(1, 7));
      writer.setUncaughtExceptionHandler((_, e) -> failure.set(e));
      writer.join();
      assertThat(failure.get()).isNull();
      assertThat(w.select(0, 1).item_float()).isEqualTo(7);
    }
  }

  @Test
  void weights_scopeOfTheirOwnerClosed_stayAlive() {
    TorchParameters torch;
    try (var _ = new PointerScope()) {
      torch = TorchParameters.of(Map.of("w", floats(new float[] {1, 2}, 2)));
    }
    try (torch) {
      assertThat(torch.parameters().getFirst().weights().toFloats()).containsExactly(1, 2);
    }
  }

  @Test
  void module_parameters_haveItsNamesOrderAndShapes() {
    Module outer = new Module("outer");
    outer.register_module("first", new LinearImpl(3, 4));
    outer.register_module("second", new LinearImpl(4, 2));
    try (var torch = TorchParameters.of(outer)) {
      assertThat(torch.parameters())
          .extracting(p -> p.name() + " " + p.weights().shapeText())
          .containsExactly(
              "first.weight [4, 3]", "first.bias [4]", "second.weight [2, 4]", "second.bias [2]");
    }
  }

  @Test
  void map_parameters_haveItsOrder() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("z", ones(1));
    tensors.put("a", ones(2));
    tensors.put("m", ones(3));
    try (var torch = TorchParameters.of(tensors)) {
      assertThat(torch.parameters()).extracting(Parameter::name).containsExactly("z", "a", "m");
    }
  }

  @Test
  void gradient_ofBackward_isViewed() {
    Tensor w = trainable(new float[] {1, 2, 3}, 3);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      w.mul(w).sum().backward();
      io.spam4j.tensors.Tensor gradient = gradient(torch, "w");
      assertThat(gradient.toFloats()).containsExactly(2, 4, 6);
      gradient.setFloat(0, -1);
      assertThat(w.grad().select(0, 0).item_float()).isEqualTo(-1);
    }
  }

  @Test
  void gradient_appearsAndVanishes_isSeen() {
    Tensor w = trainable(new float[] {1, 2}, 2);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      assertThat(torch.gradients().of("w")).isNull();
      w.sum().backward();
      assertThat(gradient(torch, "w").toFloats()).containsExactly(1, 1);
      w.mutable_grad().put(new Tensor());
      assertThat(torch.gradients().of("w")).isNull();
      w.mul(new Scalar(3.0f)).sum().backward();
      assertThat(gradient(torch, "w").toFloats()).containsExactly(3, 3);
    }
  }

  @Test
  void gradient_moved_isSeen() {
    Tensor w = trainable(new float[] {1, 2}, 2);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      Tensor first = floats(new float[] {5, 6}, 2);
      Tensor second = floats(new float[] {7, 8}, 2);
      w.mutable_grad().put(first);
      io.spam4j.tensors.Tensor before = gradient(torch, "w");
      w.mutable_grad().put(second);
      io.spam4j.tensors.Tensor after = gradient(torch, "w");
      assertThat(before.toFloats()).containsExactly(5, 6);
      assertThat(after.toFloats()).containsExactly(7, 8);
    }
  }

  @Test
  void gradient_staysWhereItIs_viewIsTheSame() {
    Tensor w = trainable(new float[] {1, 2}, 2);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      w.sum().backward();
      io.spam4j.tensors.Tensor before = gradient(torch, "w");
      torch.zeroGradients();
      assertThat(before.toFloats()).containsExactly(0, 0);
      w.sum().backward();
      assertThat(gradient(torch, "w")).isSameAs(before);
      assertThat(before.toFloats()).containsExactly(1, 1);
    }
  }

  @Test
  void zeroGradients_withoutGradients_createsNone() {
    Tensor w = trainable(new float[] {1, 2}, 2);
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      torch.zeroGradients();
      assertThat(torch.gradients().of("w")).isNull();
    }
  }

  @Test
  void close_twice_isHarmless() {
    TorchParameters torch = TorchParameters.of(Map.of("w", ones(2)));
    torch.close();
    torch.close();
    assertThatThrownBy(torch::zeroGradients)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("parameters must not be closed: parameters=1");
  }

  @Test
  void views_afterClose_throw() {
    TorchParameters torch = TorchParameters.of(Map.of("w", ones(2)));
    io.spam4j.tensors.Tensor view = torch.parameters().getFirst().weights();
    torch.close();
    assertThatThrownBy(() -> view.getFloat(0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("Already closed");
    assertThatThrownBy(() -> torch.gradients().of("w"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("parameters must not be closed: parameters=1");
  }

  /** Gradient descent in Java against {@code w.sub_(lr * grad)}: the same bits after 50 steps. */
  @Test
  void linearModel_trainedInJava_equalsLibtorch() {
    Random random = new Random(42);
    float[] initial = gaussians(random, 4 * 3);
    Tensor ours = trainable(initial, 4, 3);
    Tensor theirs = trainable(initial, 4, 3);
    Tensor x = floats(gaussians(random, 8 * 4), 8, 4);
    Tensor y = floats(gaussians(random, 8 * 3), 8, 3);
    float rate = 0.125f;
    float first = loss(ours, x, y).item_float();
    try (var torch = TorchParameters.of(Map.of("w", ours))) {
      io.spam4j.tensors.Tensor weights = torch.parameters().getFirst().weights();
      for (int step = 0; step < 50; step++) {
        loss(ours, x, y).backward();
        io.spam4j.tensors.Tensor gradient = gradient(torch, "w");
        for (long i = 0; i < weights.elements(); i++) {
          weights.setFloat(i, weights.getFloat(i) - rate * gradient.getFloat(i));
        }
        torch.zeroGradients();

        loss(theirs, x, y).backward();
        try (var _ = new NoGradGuard()) {
          theirs.sub_(theirs.grad().mul(new Scalar(rate)));
          theirs.grad().zero_();
        }
      }
      assertThat(weights.toFloats()).containsExactly(floats(theirs));
      assertThat(loss(ours, x, y).item_float()).isLessThan(first / 2);
    }
  }

  @Test
  void manySteps_nativeMemory_staysFlat() {
    Tensor w = trainable(new float[1 << 18], 1 << 18);
    long mebibyte = w.nbytes();
    try (var torch = TorchParameters.of(Map.of("w", w))) {
      long before = 0;
      for (int step = 0; step < 600; step++) {
        if (step == 100) {
          before = Pointer.physicalBytes();
        }
        try (var _ = new PointerScope()) {
          w.mutable_grad().put(new Tensor());
          w.sum().backward();
          assertThat(gradient(torch, "w").getFloat(0)).isEqualTo(1);
        }
      }
      // 500 leaked gradients would be 500 MiB; the heap may still grow a little.
      assertThat(Pointer.physicalBytes() - before).isLessThan(150 * mebibyte);
    }
  }

  @Test
  void manyOpenings_weights_areReleased() {
    long before = 0;
    for (int round = 0; round < 600; round++) {
      if (round == 100) {
        before = Pointer.physicalBytes();
      }
      try (var _ = new PointerScope();
          var torch = TorchParameters.of(Map.of("w", ones(1 << 18)))) {
        assertThat(torch.parameters()).hasSize(1);
      }
    }
    assertThat(Pointer.physicalBytes() - before).isLessThan(150L << 20);
  }

  private static io.spam4j.tensors.Tensor gradient(TorchParameters torch, String name) {
    io.spam4j.tensors.Tensor gradient = torch.gradients().of(name);
    if (gradient == null) {
      throw new AssertionError("gradient must be defined: parameter=" + name);
    }
    return gradient;
  }

  private static Tensor loss(Tensor w, Tensor x, Tensor y) {
    Tensor error = matmul(x, w).sub(y);
    return error.mul(error).mean();
  }

  private static float[] gaussians(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
