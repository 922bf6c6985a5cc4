package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.internal.math.Cosine;
import org.junit.jupiter.api.Test;

final class ScheduleTest {
  @Test
  void constant_isConstant() {
    assertThat(Schedule.constant(0.25).at(0)).isEqualTo(0.25);
    assertThat(Schedule.constant(0.25).at(1_000_000)).isEqualTo(0.25);
  }

  @Test
  void warmupCosine_risesFromZeroToThePeak_andFallsToTheFraction() {
    Schedule schedule = Schedule.warmupCosine(2e-3, 40, 400, 0.1);
    assertThat(schedule.at(0)).isEqualTo(0);
    assertThat(schedule.at(20)).isEqualTo(1e-3);
    assertThat(schedule.at(40)).isEqualTo(2e-3);
    assertThat(schedule.at(220)).isCloseTo(1.1e-3, within(1e-15)); // half way down
    assertThat(schedule.at(400)).isCloseTo(2e-4, within(1e-15));
    assertThat(schedule.at(5000)).isCloseTo(2e-4, within(1e-15));
  }

  @Test
  void halfTurn_isTheCosine() {
    // pi p is rounded, by up to 2.2e-16 and by 1.2e-16 for pi itself, before Math.cos sees it
    for (int i = 0; i <= 1000; i++) {
      assertThat(Cosine.cos(i / 1000.0)).isCloseTo(Math.cos(Math.PI * i / 1000), within(6e-16));
    }
  }

  @Test
  void warmupCosine_withoutWarmup_startsAtThePeak() {
    assertThat(Schedule.warmupCosine(1, 0, 10, 0).at(0)).isEqualTo(1);
    assertThat(Schedule.warmupCosine(1, 0, 10, 0).at(10)).isEqualTo(0);
  }
}
