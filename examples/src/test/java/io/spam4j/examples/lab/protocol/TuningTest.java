package io.spam4j.examples.lab.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.groups.Tuple.tuple;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class TuningTest {
  private static final Arm ARM = MadeUp.arm("adam");
  private static final Preset PRESET = MadeUp.preset(8);

  private static double log2(RunSettings run) {
    return Math.log(run.number(RunSettings.RATE)) / Math.log(2);
  }

  /** A valley whose floor is at a rate, with no noise. */
  private static Outcome valley(RunSettings run, double logRate) {
    double away = log2(run) - logRate;
    double loss = 1 + 0.1 * away * away;
    return MadeUp.loss(loss, loss);
  }

  private static Tuning tuned(Function<RunSettings, Outcome> outcome) {
    return Tuning.of(ARM, PRESET, MadeUp.TASK, MadeUp.all(outcome));
  }

  @Test
  void stageA_triesAGridOfRatesOnOneSeed() {
    Tuning tuning = Tuning.of(ARM, PRESET, MadeUp.TASK, _ -> Optional.empty());
    assertThat(tuning.isFinished()).isFalse();
    assertThat(tuning.missing())
        .extracting(run -> run.get("rate"), run -> run.get("seed"), run -> run.get("ratio"))
        .containsExactly(
            tuple("0.5", "101", "1"),
            tuple("1.0", "101", "1"),
            tuple("2.0", "101", "1"),
            tuple("4.0", "101", "1"));
  }

  @Test
  void stageA_goesOnBeyondItsEdge_whileTheBestIsThere() {
    Tuning tuning = tuned(run -> valley(run, 4));
    assertThat(tuning.trials().keySet()).extracting(TuningTest::log2).contains(3.0, 4.0);
    assertThat(tuned(run -> valley(run, -3)).trials().keySet())
        .extracting(TuningTest::log2)
        .contains(-2.0, -3.0);
  }

  @Test
  void stageB_movesTheRatio_whereMoreIsGainedThanTheNoise() {
    Tuning better =
        tuned(
            run -> {
              double gain = run.get("ratio").equals("4") ? 0.2 : 0;
              return MadeUp.loss(1 - gain, 1);
            });
    assertThat(better.best().get("ratio")).isEqualTo("4");
    // Seeds differ by 0.4, half of their deviation is 0.14: a gain of 0.1 is none.
    Tuning noisy =
        tuned(
            run -> {
              double gain = run.get("ratio").equals("4") ? 0.1 : 0;
              return MadeUp.loss(1 - gain + (run.get("seed").equals("102") ? 0.4 : 0), 1);
            });
    assertThat(noisy.best().get("ratio")).isEqualTo("1");
  }

  @Test
  void stageB_findsKnobsAndFinerRates() {
    Tuning tuning =
        tuned(
            run -> {
              double knob = run.get("beta2").equals("0.9") ? 0 : 0.3;
              return MadeUp.loss(valley(run, 0.5).tuning() + knob, 1);
            });
    assertThat(tuning.isFinished()).isTrue();
    assertThat(tuning.best().get("beta2")).isEqualTo("0.9");
    assertThat(log2(tuning.best())).isCloseTo(0.5, within(1e-12));
    assertThat(tuning.score()).isCloseTo(1, within(1e-12));
  }

  /** Invariant: no arm has more trials than the preset says, wherever its best lies. */
  @Test
  void trials_areNeverMoreThanThePresetSays() {
    for (int logRate = -6; logRate <= 6; logRate++) {
      double floor = logRate;
      assertThat(tuned(run -> valley(run, floor)).trials())
          .hasSizeLessThanOrEqualTo(PRESET.trials());
    }
  }

  @Test
  void divergedRuns_areTheWorst() {
    Tuning tuning =
        tuned(
            run -> {
              double rate = run.number("rate");
              return rate > 1 ? MadeUp.loss(Double.NaN, Double.NaN) : MadeUp.loss(3, 3);
            });
    assertThat(tuning.best().number("rate")).isLessThanOrEqualTo(1);
    Tuning lost = tuned(_ -> MadeUp.loss(6, 6)); // above the first loss
    assertThat(lost.isFinished()).isTrue();
    assertThat(lost.score()).isEqualTo(Double.POSITIVE_INFINITY);
  }

  /** Invariant: tuning does not depend on the order in which results come. */
  @Test
  void tuning_stepByStep_isTuningAtOnce() {
    Function<RunSettings, Outcome> outcome =
        run -> MadeUp.loss(valley(run, 1.5).tuning() + 0.01 * (run.key().hashCode() % 7), 1);
    Map<RunSettings, Outcome> there = new HashMap<>();
    Tuning tuning;
    int rounds = 0;
    while (true) {
      tuning = Tuning.of(ARM, PRESET, MadeUp.TASK, run -> Optional.ofNullable(there.get(run)));
      List<RunSettings> missing = tuning.missing();
      if (tuning.isFinished()) {
        break;
      }
      assertThat(missing).isNotEmpty();
      RunSettings last = missing.getLast();
      there.put(last, outcome.apply(last));
      rounds++;
    }
    assertThat(rounds).isEqualTo(tuning.trials().size());
    assertThat(tuning.best()).isEqualTo(tuned(outcome).best());
  }
}
