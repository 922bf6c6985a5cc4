package io.spam4j.examples.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SpikeInjectorTest {
  private static final int STEPS = 400;
  private final List<Parameter> parameters =
      List.of(new Parameter("w", Tensor.of(new float[1000], 1000)));

  @Test
  void steps_share_isExact() {
    assertThat(new SpikeInjector(1, STEPS, 0.02, 0.5, 1000).spikedSteps()).isEqualTo(8);
    assertThat(new SpikeInjector(1, STEPS, 0, 0.5, 1000).spikedSteps()).isZero();
    assertThat(new SpikeInjector(1, STEPS, 1, 0.5, 1000).spikedSteps()).isEqualTo(STEPS);
  }

  @Test
  void entries_half_areMultiplied() {
    float[] spiked = inject(3);
    long spikes = IntStream.range(0, 1000).filter(i -> spiked[i] == 2000).count();
    long untouched = IntStream.range(0, 1000).filter(i -> spiked[i] == 2).count();
    assertThat(spikes).isBetween(440L, 560L);
    assertThat(spikes + untouched).isEqualTo(1000);
  }

  @Test
  void entries_sameSeedAndStep_areTheSame() {
    assertThat(inject(3)).containsExactly(inject(3));
    assertThat(inject(4)).isNotEqualTo(inject(3));
  }

  @Test
  void gradients_otherSteps_areUntouched() {
    var injector = new SpikeInjector(1, STEPS, 0, 0.5, 1000);
    float[] values = {1, 2};
    Gradients gradients = Gradients.of(Map.of("w", Tensor.of(values, 2)));
    assertThat(injector.inject(0, parameters, gradients)).isFalse();
    assertThat(values).containsExactly(1, 2);
  }

  private float[] inject(int step) {
    var injector = new SpikeInjector(1, STEPS, 1, 0.5, 1000);
    float[] values = new float[1000];
    Arrays.fill(values, 2);
    Gradients gradients = Gradients.of(Map.of("w", Tensor.of(values, 1000)));
    assertThat(injector.inject(step, parameters, gradients)).isTrue();
    return values;
  }
}
