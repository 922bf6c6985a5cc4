package io.spam4j.examples.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.examples.simulate.SimulationResult.Outcome;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MomentPanelTest {
  /** A contender whose m is these two values in two steps, with the spike and without. */
  private static MomentPanel panel(double first, double second) {
    Contender contender =
        new Contender(
            "x",
            "X",
            OptionalDouble.empty(),
            true,
            _ -> {
              throw new AssertionError("never built");
            });
    Outcome outcome = Outcome.empty(contender);
    for (double value : new double[] {first, second}) {
      outcome.first().add(new double[] {value, value});
      outcome.cleanFirst().add(new double[] {0, 0});
    }
    var settings = new SimulationSettings(2, Distribution.UNIFORM, SpikeMode.ADD);
    return MomentPanel.first(new SimulationResult(settings, List.of(outcome)));
  }

  @ParameterizedTest
  @CsvSource({
    // largest, tick, top
    "1.087, 0.2, 1.2",
    "0.104, 0.02, 0.12",
    "0.96, 0.2, 1.0",
    "1, 0.2, 1.2",
    "4, 1, 5",
    "2.9, 0.5, 3.0",
    "8.5, 2, 10"
  })
  void axis_endsWithATickAboveTheLargest(double largest, double tick, double top) {
    MomentPanel panel = panel(0.01, largest);

    assertThat(panel.tick()).isCloseTo(tick, within(1e-15));
    assertThat(panel.top()).isCloseTo(top, within(1e-12));
    assertThat(panel.bottom()).isEqualTo(0);
  }

  @Test
  void axis_beginsBelowTheLowestMean() {
    assertThat(panel(-0.3, 1).bottom()).isCloseTo(-0.4, within(1e-15));
  }
}
