package io.spam4j.examples.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.examples.simulate.SimulationResult.Outcome;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SimulationTest {
  private static SimulationResult run(
      int seeds, Distribution distribution, SpikeMode mode, List<Contender> contenders) {
    return Simulation.run(new SimulationSettings(seeds, distribution, mode), contenders);
  }

  /**
   * Means of n seeds lie within four standard errors of what is expected, but for one in 16,000;
   * the seeds are fixed. Float32 adds a relative error of 1e-6: v has 200 roundings of 2^-24 at
   * most, which partly cancel, and beta2 is rounded by 1.3e-8.
   */
  @ParameterizedTest
  @CsvSource({"GAUSSIAN, REPLACE", "GAUSSIAN, ADD", "UNIFORM, REPLACE", "UNIFORM, ADD"})
  void moments_areWhatIsExpected(Distribution distribution, SpikeMode mode) {
    SimulationResult result = run(2000, distribution, mode, Contender.ALL);
    Findings findings = Findings.of(result, Contender.ALL);

    assertThat(findings.groups()).hasSize(5);
    int compared = 0;
    for (Findings.Group group : findings.groups()) {
      for (Finding finding : group.findings()) {
        if (!Double.isNaN(finding.expected())) {
          compared++;
          double allowed =
              Double.isNaN(finding.standardError())
                  ? 0
                  : 4 * finding.standardError() + 5e-6 * Math.abs(finding.expected());
          assertThat(finding.measured())
              .as("%s: %s", group.name(), finding.quantity())
              .isCloseTo(finding.expected(), within(allowed));
        }
      }
    }
    // 4 without the spike, all 9 of Adam, 5 of each SPAM
    assertThat(compared).isEqualTo(4 + 9 + 2 * 5);
  }

  @Test
  void withoutTheSpike_allContendersAreOne() {
    List<Outcome> outcomes =
        run(10, Distribution.GAUSSIAN, SpikeMode.REPLACE, Contender.ALL).outcomes();

    assertThat(outcomes.get(1).cleanFirst()).isEqualTo(outcomes.get(0).cleanFirst());
    assertThat(outcomes.get(2).cleanSecond()).isEqualTo(outcomes.get(0).cleanSecond());
  }

  @Test
  void untilTheSpike_itIsAsWithoutIt() {
    Outcome spam =
        run(10, Distribution.GAUSSIAN, SpikeMode.REPLACE, Contender.ALL).outcomes().get(1);

    assertThat(spam.first().mean().toDoubleArray()).hasSize(201).startsWith(0.0);
    assertThat(spam.first().mean().subList(0, 30).toDoubleArray())
        .isEqualTo(spam.cleanFirst().mean().subList(0, 30).toDoubleArray());
    assertThat(spam.firstExcess().mean().subList(0, 30).toDoubleArray()).containsOnly(0.0);
    assertThat(spam.firstExcess().mean().getDouble(30)).isGreaterThan(0.1);
  }

  @Test
  void tensorForEachSeed_givesTheSameAsOneTensor() {
    Contender adam = Contender.ALL.getFirst();
    Contender apart =
        new Contender("adam", "Adam", OptionalDouble.empty(), false, Adam.builder()::build);
    SimulationResult result =
        run(7, Distribution.GAUSSIAN, SpikeMode.REPLACE, List.of(adam, apart));

    assertThat(result.outcomes().get(1)).isEqualTo(result.outcomes().get(0));
  }

  @Test
  void contenderWithoutThreshold_isHeldToNothing() {
    List<Contender> contenders =
        List.of(
            Contender.ALL.getFirst(),
            new Contender("other", "Other", OptionalDouble.empty(), true, Adam.builder()::build));
    Findings findings =
        Findings.of(run(2, Distribution.UNIFORM, SpikeMode.ADD, contenders), contenders);

    assertThat(findings.groups().getLast().label()).isEqualTo("Other");
    assertThat(findings.groups().getLast().findings())
        .hasSize(9)
        .allMatch(finding -> finding.expectedText().equals("-"));
  }

  @Test
  void series_isMeanAndDeviation() {
    Series series = new Series();
    series.add(new double[] {1, 2, 6});

    assertThat(series.mean().toDoubleArray()).containsExactly(0.0, 3.0);
    // ((1-3)^2 + (2-3)^2 + (6-3)^2) / 2 = 7
    assertThat(series.deviation().toDoubleArray()).containsExactly(0.0, Math.sqrt(7));
    assertThat(series.shifted(-2).toDoubleArray()).containsExactly(0.0, 3 - 2 * Math.sqrt(7));
  }

  @Test
  void finding_hasFourDigits_anErrorThatDoesNotVanish_andWholeSteps() {
    Finding finding = new Finding("", 0.012345, 0.00012, 0.02);
    assertThat(finding.measuredText()).isEqualTo("0.01235");
    assertThat(finding.errorText()).isEqualTo("0.00012");
    assertThat(finding.expectedText()).isEqualTo("0.02000");
    assertThat(new Finding("", 31786, 0.4, Double.NaN).measuredText()).isEqualTo("31786");
    assertThat(new Finding("", 10, 0, 10).errorText()).isEqualTo("0.00");
    assertThat(new Finding("", 10, 0.0012, 10).errorText()).isEqualTo("1e-03");
    Finding steps = new Finding("", 25, Double.NaN, Double.NaN);
    assertThat(List.of(steps.measuredText(), steps.errorText(), steps.expectedText()))
        .containsExactly("25", "-", "-");
  }

  @Test
  void seeds_outOfRangeAreRefused() {
    for (int seeds : new int[] {1, 10_000_001}) {
      assertThatThrownBy(() -> new SimulationSettings(seeds, Distribution.UNIFORM, SpikeMode.ADD))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("seeds must be in [2, 10000000]: seeds=" + seeds);
    }
  }
}
