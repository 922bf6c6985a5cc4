package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.StandIn;
import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Mode;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.UnselectedWeights;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a {@link CudaOptimizer} refuses, and that it holds nothing then. */
final class CudaRefusalTest {
  private static final String NO_FORM =
      "what runs on a device must have a form for it, use the CPU for this: optimizer=";

  private StandInDevice standIn;
  private DeviceBuffer memory;

  @BeforeEach
  void open() {
    standIn = StandInDevice.open(Mode.LAZY);
    memory = standIn.device().allocate(64);
  }

  @AfterEach
  void close() {
    standIn.close();
  }

  private CudaParameter parameter(String name, long offset, long elements) {
    DeviceBuffer slice = memory.slice(offset * Float.BYTES, elements * Float.BYTES);
    return new CudaParameter(name, DeviceTensor.of(slice, elements));
  }

  private CudaOptimizer build(OptimizerBuilder<?> settings, CudaParameter... parameters) {
    return CudaOptimizer.build(settings, standIn.stream(), List.of(parameters));
  }

  private static AdamW.Builder transforms(GradientTransform... transforms) {
    return AdamW.builder().transforms(transforms);
  }

  private static Stream<Arguments> settings() {
    String chain = "its transforms are not a factor, a clip, a factor and a limit, in this order";
    String moves = "weights without moments move: unselected=";
    return Stream.of(
        Arguments.of(Lion.builder(), "lion, its update is not that of Adam's family"),
        Arguments.of(Adafactor.builder(), "adafactor, its update is not that of Adam's family"),
        Arguments.of(
            transforms(GradientTransform.agc()),
            "adamw, " + chain + ": transforms=[Agc[clipping=0.01, epsilon=0.001]]"),
        Arguments.of(
            transforms(GradientTransform.value(1), GradientTransform.globalNorm(2)),
            "adamw, " + chain + ": transforms=[Value[limit=1.0], GlobalNorm[maxNorm=2.0]]"),
        Arguments.of(
            Spam.builder().spikeAction(SpikeAction.GAUSSIAN), "spam, spikeAction=GAUSSIAN"),
        Arguments.of(
            Spam.builder().density(0.5).unselected(UnselectedWeights.SGD),
            "spam, " + moves + "SGD, maskedWeightDecay=SELECTED"),
        Arguments.of(
            Spam.builder().density(0.5).maskedWeightDecay(MaskedWeightDecay.ALL),
            "spam, " + moves + "FROZEN, maskedWeightDecay=ALL"));
  }

  @ParameterizedTest
  @MethodSource("settings")
  void build_whatDevicesDoNotDo(OptimizerBuilder<?> settings, String reason) {
    int open = StandIn.openCount(standIn.device());

    assertThatThrownBy(() -> build(settings, parameter("p", 0, 4)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(NO_FORM + reason);

    assertThat(StandIn.openCount(standIn.device())).isEqualTo(open);
  }

  @Test
  void build_parameters() {
    Spam.Builder spam = Spam.builder();
    assertThatThrownBy(() -> build(spam))
        .hasMessage("an optimizer needs parameters: parameters=[]");
    assertThatThrownBy(() -> build(spam, parameter("p", 0, 2), parameter("p", 4, 2)))
        .hasMessage("parameter names must be unique: name=p");
    assertThatThrownBy(
            () -> build(spam, parameter("a", 5, 3), parameter("b", 0, 2), parameter("c", 1, 5)))
        .hasMessage("weights of two parameters must not overlap: parameters=b, c");
    build(spam, parameter("left", 0, 4), parameter("right", 4, 4)).close();
  }

  @Test
  void step_gradients() {
    CudaParameter p = parameter("p", 0, 4);
    try (CudaOptimizer optimizer = build(Spam.builder(), p)) {
      DeviceTensor longer = parameter("g", 4, 5).weights();
      assertThatThrownBy(() -> optimizer.step(_ -> longer))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "gradient shape must equal weight shape: parameter=p, gradient=%s, weight=%s"
                  .formatted(longer, p.weights()));
      DeviceTensor overlapping = parameter("g", 3, 4).weights();
      assertThatThrownBy(() -> optimizer.step(_ -> overlapping))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "gradient must not overlap weights: parameter=p, gradient=%s, weight=%s"
                  .formatted(overlapping, p.weights()));
      assertThat(optimizer.stepCount()).isZero();
      optimizer.step(_ -> parameter("g", 4, 4).weights());
      assertThat(optimizer.stepCount()).isEqualTo(1);
      assertThatThrownBy(() -> optimizer.state("q"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("no such parameter: name=q, names=[p]");
    }
  }

  @Test
  void closed_isRefused() {
    CudaOptimizer optimizer = build(Spam.builder(), parameter("p", 0, 4));
    optimizer.close();
    optimizer.close();

    String closed = "the optimizer must be open: it was closed";
    assertThatThrownBy(() -> optimizer.step(_ -> null))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(closed);
    assertThatThrownBy(optimizer::report).hasMessage(closed);
    assertThatThrownBy(optimizer::memory).hasMessage(closed);
    assertThatThrownBy(() -> optimizer.scalars("p")).hasMessage(closed);
    assertThatThrownBy(() -> optimizer.mask("p")).hasMessage(closed);
    assertThatThrownBy(() -> optimizer.state("p"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the device buffer must not be closed: bytes=512");
  }

  @Test
  void step_ofAnotherThread() throws InterruptedException {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    try (CudaOptimizer optimizer = build(Spam.builder(), parameter("p", 0, 4))) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  optimizer.step(_ -> null);
                } catch (WrongThreadException e) {
                  thrown.set(e);
                }
              },
              "another");
      thread.start();
      thread.join();

      assertThat(thrown.get())
          .hasMessage(
              "a device must be used by the thread that opened it: device=0, owner="
                  + Thread.currentThread().getName()
                  + ", thread=another");
      optimizer.step(_ -> null);
      assertThat(optimizer.report().step()).isEqualTo(1);
    }
  }
}
