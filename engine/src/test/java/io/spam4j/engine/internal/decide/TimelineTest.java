package io.spam4j.engine.internal.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Schedule;
import io.spam4j.engine.options.WarmupCurve;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public final class TimelineTest {
  private static final Timeline DEFAULTS = authors(500, 150, 20);

  @Test
  void warmupScale_hasTheAuthorsValues() {
    // spam-spec 1.2: the reference's scale at the j-th step after a reset, N = 150
    long[] j = {0, 1, 2, 10, 20, 50, 75, 100, 140, 149, 150, 499};
    double[] expected = {
      .01, .010107, .010428, .020675, .052238, .254533, .499851, .74653, .987093, .999572, 1, 1
    };
    for (int i = 0; i < j.length; i++) {
      assertThat(DEFAULTS.warmupScale(500 + j[i])).isCloseTo(expected[i], within(5e-7));
    }
    double[] ofFive = {.01, .0763, .2575, .505, .7525, 1};
    for (int i = 0; i < ofFive.length; i++) {
      double scale = authors(250, 5, 20).warmupScale(250 + i);
      assertThat(scale).isCloseTo(ofFive[i], within(5e-5));
    }
  }

  @Property(tries = 2000, seed = "4")
  void s4_warmup_risesFromOnePercentToOneAndIsSymmetric(
      @ForAll @LongRange(min = 1, max = 400) long rewarm,
      @ForAll @LongRange(min = 401, max = 1000) long interval,
      @ForAll @LongRange(min = 1, max = 50) long k) {
    var timeline = authors(interval, rewarm, 20);
    long reset = k * interval;
    assertThat(timeline.warmupScale(reset)).isCloseTo(0.01, within(1e-16));
    for (long j = 0; j < interval - 1; j++) {
      double here = timeline.warmupScale(reset + j);
      assertThat(timeline.warmupScale(reset + j + 1)).isGreaterThanOrEqualTo(here);
      assertThat(here).isBetween(0.01 - 1e-16, 1.0);
      if (j >= rewarm) {
        assertThat(here).isEqualTo(1);
      } else if (j >= 1 && rewarm + 1 - j < rewarm) {
        double mirrored = timeline.warmupScale(reset + rewarm + 1 - j);
        assertThat(here + mirrored).isCloseTo(1.01, within(1e-14));
      }
    }
  }

  @Property(tries = 200, seed = "5")
  void s4_firstInterval_hasNoWarmupUnlessAskedFor(
      @ForAll @LongRange(min = 2, max = 300) long interval) {
    var plain = authors(interval, 50, 20);
    var warmed = new Timeline(interval, 50, 20, true, false, WarmupCurve.AUTHORS);
    for (long t = 1; t < interval; t++) {
      assertThat(plain.warmupScale(t)).isEqualTo(1);
    }
    assertThat(warmed.warmupScale(1)).isCloseTo(0.01, within(1e-16));
    assertThat(authors(0, 50, 20).warmupScale(1_000_000)).isEqualTo(1);
  }

  @Property(tries = 500, seed = "6")
  void c11_gate_isClosedBeforeGraceStepsAndAfterEachReset(
      @ForAll @LongRange(min = 0, max = 600) long interval,
      @ForAll @LongRange(min = 0, max = 50) long grace) {
    var timeline = authors(interval, 10, grace);
    for (long t = 1; t <= 1500; t++) {
      boolean closed = t < grace || (interval > 0 && t % interval < grace);
      assertThat(timeline.clipsAt(t)).isEqualTo(!closed);
    }
  }

  @Property(tries = 200, seed = "7")
  void c11_gate_followsResetsAtTheStart(
      @ForAll @LongRange(min = 1, max = 60) long interval,
      @ForAll @LongRange(min = 0, max = 50) long grace) {
    var timeline = new Timeline(interval, 10, grace, true, true, WarmupCurve.PAPER);
    for (long t = 1; t <= 300; t++) {
      long j = (t - 1) % interval;
      assertThat(timeline.resetsAt(t)).isEqualTo(j == 0);
      assertThat(timeline.clipsAt(t)).isEqualTo(t >= grace && j >= grace);
      assertThat(timeline.interval(t)).isEqualTo((t - 1) / interval);
      assertThat(timeline.warmupScale(t)).isEqualTo(WarmupCurve.PAPER.at(j, 10));
    }
  }

  @Test
  void resets_areAtMultiplesOfTheInterval() {
    assertThat(DEFAULTS.resetsAt(499)).isFalse();
    assertThat(DEFAULTS.resetsAt(500)).isTrue();
    assertThat(DEFAULTS.resetsAt(501)).isFalse();
    assertThat(DEFAULTS.resetsAt(1000)).isTrue();
    assertThat(authors(0, 10, 0).resetsAt(1000)).isFalse();
  }

  @Test
  void timeline_refusesNegativeNumbers() {
    assertThatThrownBy(() -> authors(-1, 0, 0))
        .hasMessage("resetInterval must not be negative: resetInterval=-1");
    assertThatThrownBy(() -> authors(0, -1, 0))
        .hasMessage("rewarmSteps must not be negative: rewarmSteps=-1");
    assertThatThrownBy(() -> authors(0, 0, -2))
        .hasMessage("spikeGraceSteps must not be negative: spikeGraceSteps=-2");
  }

  /** As the SPAM authors' code runs it. */
  private static Timeline authors(long resetInterval, long rewarmSteps, long graceSteps) {
    return new Timeline(resetInterval, rewarmSteps, graceSteps, false, false, WarmupCurve.AUTHORS);
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE, Long.MAX_VALUE - 1, Long.MAX_VALUE / 2, 1L << 62})
  void schedules_ofAsManyStepsAsThereAre_areWhereTheyBegin(long steps) {
    for (boolean rises : new boolean[] {false, true}) {
      BetaSchedule schedule = new BetaSchedule(steps, 0.5, rises);
      for (long t : new long[] {1, 2, 1000, 1L << 20}) {
        assertThat(schedule.scale(t)).isEqualTo(1);
      }
    }
    for (WarmupCurve curve : List.of(WarmupCurve.AUTHORS, WarmupCurve.PAPER)) {
      var timeline = new Timeline(steps, steps, steps, true, false, curve);
      for (long t : new long[] {1, 2, 1000, 1L << 20}) {
        assertThat(timeline.warmupScale(t)).isEqualTo(1 - curve.amplitude());
        assertThat(timeline.clipsAt(t)).isFalse();
        assertThat(timeline.resetsAt(t)).isFalse();
      }
    }
    double rate = Schedule.warmupCosine(1, steps - 1, steps, 0.1).at(1000);
    assertThat(rate).isBetween(0.0, 1e-15);
  }
}
