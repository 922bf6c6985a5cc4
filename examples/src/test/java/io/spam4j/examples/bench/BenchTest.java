package io.spam4j.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.examples.bench.BenchReport.ArmResult;
import io.spam4j.examples.bench.BenchReport.Skipped;
import io.spam4j.examples.bench.arms.Arm;
import io.spam4j.examples.bench.arms.ArmRun;
import io.spam4j.examples.bench.arms.ArmUnavailableException;
import io.spam4j.examples.bench.arms.Arms;
import io.spam4j.examples.bench.values.BenchSize;
import io.spam4j.examples.shell.Machine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class BenchTest {
  private static final Arm LIMIT =
      Arms.of(BenchSize.CACHED).stream()
          .filter(arm -> arm.name().equals("limit"))
          .findFirst()
          .orElseThrow();

  /** An arm that does something else than it should. */
  private static final class WrongRun implements ArmRun {
    @Override
    public void step() {}

    @Override
    public void check() {
      throw new IllegalStateException("weight must be another");
    }

    @Override
    public void close() {}
  }

  private static BenchSettings settings(int rounds, Duration budget, String... arms) {
    return new BenchSettings(
        List.of(BenchSize.values()), List.of(arms), 20_000, rounds, Duration.ofMillis(1), budget);
  }

  @Test
  void run_timesTheArmsAskedFor_oneAfterTheOther() {
    List<String> progress = new ArrayList<>();
    BenchSettings settings =
        settings(4, Duration.ofMinutes(1), "spam-f32", "limit-cached", "plain-java");
    BenchReport report = new Bench(settings, progress::add).run();
    assertThat(report.skipped()).isEmpty();
    assertThat(report.arms())
        .extracting(ArmResult::name)
        .containsExactly(
            "spam-f32",
            "plain-java",
            "spam-f32-llama60m",
            "spam-f32-million",
            "spam-f32-many",
            "limit-cached",
            "spam-f32-cached",
            "plain-java-cached");
    assertThat(report.arms())
        .allSatisfy(
            arm -> {
              assertThat(arm.medianNs()).isPositive();
              assertThat(arm.limitNs()).isPositive();
              assertThat(arm.ratioToLimit()).isEqualTo(arm.medianNs() / arm.limitNs());
              assertThat(arm.spread()).isNotNegative();
              assertThat(arm.bytesPerWeight()).isEqualTo(28);
              assertThat(arm.rounds()).isEqualTo(4);
              assertThat(arm.stepsPerRound()).isPositive();
            });
    assertThat(report.arms().getFirst().weights()).isEqualTo(20_000);
    assertThat(progress)
        .startsWith(
            "spam-f32: checks",
            "plain-java: checks",
            "spam-f32: warms up",
            "plain-java: warms up",
            "large: round 1 of 4")
        .endsWith("cached: round 4 of 4");
  }

  @Test
  void run_withoutTime_timesThreeRounds() {
    BenchReport report = new Bench(settings(7, Duration.ZERO, "limit-cached"), _ -> {}).run();
    assertThat(report.arms()).extracting(ArmResult::rounds).containsExactly(3);
  }

  @Test
  void arm_thatCannotRun_isSkipped_andTheOthersAreTimed() {
    var bench = new Bench(settings(3, Duration.ZERO), _ -> {});
    var missing =
        new Arm(
            "missing",
            Set.of(BenchSize.CACHED),
            LIMIT.traffic(),
            _ -> {
              throw new ArmUnavailableException("no such processor");
            });
    bench.run(BenchSize.CACHED, List.of(missing, LIMIT));
    assertThat(bench.report().skipped())
        .containsExactly(new Skipped("missing-cached", "no such processor"));
    assertThat(bench.report().arms()).extracting(ArmResult::name).containsExactly("limit-cached");
  }

  @Test
  void arm_thatIsWrong_endsTheBench() {
    var bench = new Bench(settings(3, Duration.ZERO), _ -> {});
    var wrong = new Arm("wrong", Set.of(BenchSize.CACHED), LIMIT.traffic(), _ -> new WrongRun());
    assertThatThrownBy(() -> bench.run(BenchSize.CACHED, List.of(wrong, LIMIT)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("weight must be another");
    assertThat(bench.report().arms()).isEmpty();
  }

  @Test
  void settings_refuseWhatCannotBeTimed() {
    assertThatThrownBy(() -> settings(0, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("weights must be at least 1000 and rounds positive: weights=20000, rounds=0");
    assertThatThrownBy(() -> settings(1, Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("times must not be negative: warmUp=PT0.001S, budget=PT-1S");
  }

  @Test
  void times_medianSpreadAndSteadiness() {
    var times = new StepTimes();
    for (double value : new double[] {5, 1, 3, 2, 4}) {
      times.add(value);
    }
    assertThat(times.median()).isEqualTo(3);
    // quartiles 2 and 4: half of 2, over 3
    assertThat(times.spread()).isCloseTo(100.0 / 3, within(1e-9));
    times.add(6);
    assertThat(times.median()).isEqualTo(3.5);

    var falling = new StepTimes();
    var level = new StepTimes();
    for (int i = 0; i < 9; i++) {
      falling.add(10 - i * 0.5);
      level.add(10);
    }
    assertThat(level.isSteady()).isFalse(); // too few
    falling.add(5.5);
    level.add(10);
    assertThat(falling.isSteady()).isFalse();
    assertThat(level.isSteady()).isTrue();
  }

  @Test
  void text_isATableAndWhatWasSkipped() {
    var machine = new Machine("Linux 6 amd64", "Some CPU", 4, 4, 512, "25, Vendor");
    var report =
        new BenchReport(
            machine,
            List.of(
                new ArmResult("spam-f32", 1_000_000, 28, 2e6, 1.25, 1.6e6, 1.25, 15, 1),
                new ArmResult("torch-spam-ops", 1_000_000, 28, 3.1e7, 2, 1.55e6, 20, 9, 1),
                new ArmResult("limit-cached", 1000, 28, 2000, 0.5, 2000, 1, 15, 999)),
            List.of(new Skipped("c-loop-cached", "no gcc")));
    assertThat(BenchText.lines(report))
        .startsWith(
            "Some CPU, Linux 6 amd64, Java 25, Vendor",
            "4 cores, 4 threads (1 in cache), vectors of 512 bits",
            "",
            "arm               weights  B/weight    median  spread    limit   ratio  of spam  GB/s"
                + "  ns/weight  rounds",
            "spam-f32        1,000,000     28.00   2.00 ms   1.3 %  1.60 ms   1.250    1.000  14.0"
                + "      2.000      15",
            "torch-spam-ops  1,000,000     28.00  31.00 ms   2.0 %  1.55 ms  20.000   15.500   0.9"
                + "     31.000       9",
            "limit-cached        1,000     28.00   2.00 us   0.5 %  2.00 us   1.000        -  14.0"
                + "      2.000      15",
            "c-loop-cached skipped: no gcc",
            "");
  }
}
