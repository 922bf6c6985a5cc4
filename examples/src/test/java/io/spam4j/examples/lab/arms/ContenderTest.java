package io.spam4j.examples.lab.arms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.examples.lab.protocol.RunSettings;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContenderTest {
  private static final RunSettings RUN =
      RunSettings.of(
          Map.of("optimizer", "adam", "rate", "0.1", "ratio", "4", "steps", "10", "seed", "1"));

  private static double[] twoSteps(RunSettings run) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor projection = Tensor.allocate(arena, DType.F32, 4);
      Tensor rest = Tensor.allocate(arena, DType.F32, 4);
      Tensor gradient = Tensor.allocate(arena, DType.F32, 4);
      for (int i = 0; i < 4; i++) {
        gradient.setFloat(i, 1);
      }
      List<Parameter> parameters =
          List.of(new Parameter("projection", projection), new Parameter("rest", rest));
      try (Optimizer optimizer = Contender.build(run, parameters, "projection"::equals)) {
        Gradients gradients = Gradients.of(Map.of("projection", gradient, "rest", gradient));
        optimizer.step(gradients); // at a rate of 0, the start of the warm-up
        optimizer.step(gradients);
      }
      return new double[] {projection.getFloat(0), rest.getFloat(0)};
    }
  }

  @Test
  void ratio_isOfTheRestToTheProjections() {
    double[] moved = twoSteps(RUN);
    assertThat(moved[0]).isNegative();
    assertThat(moved[1] / moved[0]).isEqualTo(4, within(1e-6));
  }

  @Test
  void settings_thatTheOptimizerDoesNotHave_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> twoSteps(RUN.with("theta", "5000")))
        .withMessageContaining("optimizer=adam")
        .withMessageContaining("unknown=[theta]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> twoSteps(RUN.with("optimizer", "muon")))
        .withMessageContaining("optimizer=muon");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> twoSteps(RUN.with("optimizer", "spam").with("correction", "late")))
        .withMessageContaining("correction=late");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> twoSteps(RUN.with("beta2", "x")))
        .withMessageContaining("beta2");
  }

  @Test
  void settings_ofTaskAndSpikes_areOthers() {
    assertThat(twoSteps(RUN.with("task.model", "tiny").with("spikes.share", "0.5")))
        .isEqualTo(twoSteps(RUN));
  }
}
