package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.tensors.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the builders of the baselines refuse, with the whole message. */
final class BaselineRefusalTest {
  private static Optimizer built(OptimizerBuilder<?> builder) {
    return builder.build(List.of(new Parameter("layers.0.q", Tensor.of(new float[6], 3, 2))));
  }

  private static Optimizer grouped(OptimizerBuilder<?> builder, Consumer<Group> change) {
    return built(builder.group("*", change));
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        refusal(
            () -> built(Lion.builder().learningRate(-1)),
            "learningRate must be finite and not negative: learningRate=-1.0"),
        refusal(() -> built(Lion.builder().betas(0.9, 1)), "beta2 must be in [0, 1): beta2=1.0"),
        refusal(
            () -> grouped(Lion.builder(), g -> g.epsilon(1e-8)),
            "lion has no epsilon, remove it: epsilon=1.0E-8"),
        refusal(
            () -> grouped(Lion.builder(), g -> g.density(0.5)),
            "lion has no density, remove it: density=0.5"),
        refusal(() -> built(Sgd.builder().momentum(1)), "momentum must be in [0, 1): momentum=1.0"),
        refusal(
            () -> built(Sgd.builder().dampening(1.5)),
            "dampening must be in [0, 1]: dampening=1.5"),
        refusal(
            () -> built(Sgd.builder().momentum(0).nesterov(true)),
            "nesterov needs momentum and no dampening: momentum=0.0, dampening=0.0"),
        refusal(
            () -> built(Sgd.builder().dampening(0.5).nesterov(true)),
            "nesterov needs momentum and no dampening: momentum=0.9, dampening=0.5"),
        refusal(
            () -> grouped(Sgd.builder(), g -> g.betas(0.9, 0.99)),
            "sgd has no betas, remove it: betas=0.9, 0.99"),
        refusal(
            () -> built(Adafactor.builder().epsilons(-1, 0)),
            "epsilon1 must be finite and not negative: epsilon1=-1.0"),
        refusal(
            () -> built(Adafactor.builder().epsilons(0, Double.NaN)),
            "epsilon2 must be finite and not negative: epsilon2=NaN"),
        refusal(
            () -> built(Adafactor.builder().clipThreshold(0)),
            "clipThreshold must be positive and finite: clipThreshold=0.0"),
        refusal(
            () -> built(Adafactor.builder().decayRate(0.8)),
            "decayRate must be finite and not positive: decayRate=0.8"),
        refusal(() -> built(Adafactor.builder().beta1(1)), "beta1 must be in [0, 1): beta1=1.0"),
        refusal(
            () -> built(Adafactor.builder().learningRate(0.1).relativeStep(true)),
            "relativeStep must be off where a learning rate is set, remove one: relativeStep=true"),
        refusal(
            () -> built(Adafactor.builder().relativeStep(false)),
            "a learning rate must be set where relativeStep is off: relativeStep=false"),
        refusal(
            () -> built(Adafactor.builder().warmupInit(true).learningRate(0.1)),
            "warmupInit needs relativeStep, remove it: warmupInit=true, relativeStep=false"),
        refusal(
            () -> grouped(Adafactor.builder(), g -> g.betas(0.9, 0.99)),
            "adafactor has no betas, remove it: betas=0.9, 0.99"),
        refusal(
            () -> grouped(Adafactor.builder(), g -> g.epsilon(1e-8)),
            "adafactor has no epsilon, remove it: epsilon=1.0E-8"),
        refusal(() -> AdamMini.builder(0), "heads must be positive: heads=0"),
        refusal(() -> AdamMini.builder(8, -1), "keyValueHeads must be positive: keyValueHeads=-1"),
        refusal(
            () -> built(AdamMini.builder(2)),
            "heads must divide the rows of a projection: parameter=layers.0.q, heads=2,"
                + " shape=[3, 2]"),
        refusal(
            () -> built(AdamMini.builder((_, _) -> 4)),
            "blocks must be a positive divisor of the weights: parameter=layers.0.q, blocks=4,"
                + " weights=6"),
        refusal(
            () -> built(AdamMini.builder((_, _) -> 0)),
            "blocks must be a positive divisor of the weights: parameter=layers.0.q, blocks=0,"
                + " weights=6"),
        refusal(
            () -> grouped(AdamMini.builder(3), g -> g.spikeThreshold(5)),
            "adam-mini has no spikeThreshold, remove it: spikeThreshold=5.0"),
        refusal(
            () -> Adafactor.builder().plannedMemory(Map.of("e", new long[] {2, 0})),
            "shape must have positive extents and at most 2^56 elements: parameter=e, shape=[2, 0]"));
  }

  /** Each setting of a group that not all optimizers have, and a value that is refused for it. */
  private record Setting(String name, String value, Consumer<Group> change) {}

  private static final Setting BETAS = new Setting("betas", "0.1, 0.2", g -> g.betas(0.1, 0.2));
  private static final Setting EPSILON = new Setting("epsilon", "0.1", g -> g.epsilon(0.1));
  private static final Setting DENSITY = new Setting("density", "0.1", g -> g.density(0.1));
  private static final Setting SPIKE_THRESHOLD =
      new Setting("spikeThreshold", "0.1", g -> g.spikeThreshold(0.1));

  static Stream<Arguments> unknownSettings() {
    return Stream.of(
        Arguments.of("lion", maker(Lion::builder), List.of(EPSILON, DENSITY, SPIKE_THRESHOLD)),
        Arguments.of("sgd", maker(Sgd::builder), List.of(BETAS, EPSILON, DENSITY, SPIKE_THRESHOLD)),
        Arguments.of(
            "adafactor",
            maker(Adafactor::builder),
            List.of(BETAS, EPSILON, DENSITY, SPIKE_THRESHOLD)),
        Arguments.of(
            "adam-mini", maker(() -> AdamMini.builder(1)), List.of(DENSITY, SPIKE_THRESHOLD)));
  }

  private static Supplier<OptimizerBuilder<?>> maker(Supplier<OptimizerBuilder<?>> make) {
    return make;
  }

  @ParameterizedTest
  @MethodSource("unknownSettings")
  void settingThatTheOptimizerDoesNotHave_isRefused(
      String optimizer, Supplier<OptimizerBuilder<?>> make, List<Object> settings) {
    for (Object unknown : settings) {
      var setting = (Setting) unknown;
      assertThatThrownBy(() -> grouped(make.get(), setting.change()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "%s has no %s, remove it: %s=%s"
                  .formatted(optimizer, setting.name(), setting.name(), setting.value()));
    }
  }

  private static Arguments refusal(Supplier<Object> call, String message) {
    return Arguments.of(message, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refusals")
  void value_isRefused(String message, Supplier<Object> call) {
    assertThatThrownBy(call::get).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }
}
