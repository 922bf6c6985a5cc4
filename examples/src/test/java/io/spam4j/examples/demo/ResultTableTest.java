package io.spam4j.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.spam4j.examples.training.TrainingResult;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResultTableTest {
  @Test
  void text_alignsColumnsAndMarksTheBest() {
    assertThat(ResultTable.of(Samples.full(400)).text())
        .isEqualTo(
            """
            optimizer     perplexity  perplexity  clipped  clipped    state
                               clean      spiked    clean   spiked     bf16
            ---------------------------------------------------------------
            adamw              4.20*   diverged         0        0  3.1 MiB
            adamw-clip         4.30        6.20         0        0  3.1 MiB
            spam               4.40        6.00         0   96,178  3.1 MiB
            spam-noreset       4.50        5.80*        0   58,050  3.1 MiB
            """);
  }

  @Test
  void text_saysWhatDidNotRun() {
    TrainingResult result =
        new TrainingResult(Map.of(), List.of(Samples.stopped("spam", false, 7)), true);

    assertThat(ResultTable.of(result).text())
        .isEqualTo(
            """
            optimizer     perplexity  perplexity  clipped  clipped    state
                               clean      spiked    clean   spiked      f32
            ---------------------------------------------------------------
            spam       stopped at 7     not run         0  not run  3.1 MiB
            """);
  }

  @Test
  void times_areATableOfTheirOwn() {
    assertThat(ResultTable.of(Samples.full(40)).times())
        .isEqualTo(
            """
            ms a step     optimizer  model
            ------------------------------
            adamw              0.47  38.20
            adamw-clip         0.47  38.20
            spam               0.61  38.20
            spam-noreset       0.61  38.20
            """);
  }

  @Test
  void rows_areInTheOrderOfTheRuns() {
    TrainingResult result =
        new TrainingResult(
            Map.of(),
            List.of(
                Samples.run("b", true, 2, 3),
                Samples.run("a", true, 2, 2),
                Samples.run("b", false, 2, 4)),
            false);

    assertThat(ResultTable.of(result).rows())
        .extracting(
            ResultTable.Row::optimizer, row -> row.clean().text(), row -> row.spiked().best())
        .containsExactly(tuple("b", "4.00", false), tuple("a", "not run", true));
  }
}
