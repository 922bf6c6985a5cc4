package io.spam4j.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LabTest {
  private static final int STEPS = 24;

  @TempDir Path folder;

  @BeforeEach
  void writeText() throws IOException {
    for (int i = 0; i < 40; i++) {
      Files.writeString(
          folder.resolve("text" + i + ".txt"),
          ("the quick brown fox " + i + " jumps\n").repeat(20));
    }
  }

  @Test
  void run_sameSeedTwice_sameNumbers() throws IOException {
    List<RunResult> first = run(settings(List.of("adamw", "spam")), () -> false).runs();
    List<RunResult> second = run(settings(List.of("adamw", "spam")), () -> false).runs();
    assertThat(second).extracting(RunResult::samples).isEqualTo(samples(first));
    assertThat(second)
        .extracting(RunResult::validationPerplexity)
        .isEqualTo(first.stream().map(RunResult::validationPerplexity).toList());
  }

  @Test
  void run_defaultOptimizers_learnFromTheSameStart() throws IOException {
    LabResult result = run(settings(LabOptimizer.defaults()), () -> false);
    assertThat(result.interrupted()).isFalse();
    assertThat(result.runs())
        .extracting(run -> run.optimizer() + (run.spiked() ? " spiked" : ""))
        .containsExactly(
            "adamw",
            "adamw-clip",
            "spam",
            "spam-noreset",
            "spam-d25",
            "stable-spam",
            "adamw spiked",
            "adamw-clip spiked",
            "spam spiked",
            "spam-noreset spiked",
            "spam-d25 spiked",
            "stable-spam spiked");
    double start = result.runs().getFirst().samples().getFirst().loss();
    for (RunResult run : result.runs()) {
      assertThat(run.finished()).isTrue();
      assertThat(run.samples()).hasSize(STEPS);
      assertThat(run.samples().getFirst().loss()).isEqualTo(start);
      assertThat(run.samples()).allSatisfy(sample -> assertThat(sample.loss()).isFinite());
      if (run.optimizer().equals("spam-d25")) {
        // a quarter of three layers' projections: 8 bytes of moments, and less than 1 of selection
        long projections = 3L * (4 * 96 * 96 + 3 * 96 * 256);
        long dense = 8 * (381_600 - projections);
        assertThat(run.stateBytes())
            .isBetween(dense + 8 * projections / 4, dense + 9 * projections / 4);
      } else {
        assertThat(run.stateBytes()).isEqualTo(8L * 381_600);
      }
      assertThat(run.samples().stream().filter(StepSample::injected)).hasSize(run.spiked() ? 6 : 0);
    }
    for (RunResult run : result.runs().subList(0, 6)) {
      assertThat(run.samples().getLast().loss()).isLessThan(start / 1.5);
      assertThat(run.validationPerplexity()).isBetween(1.0, 100.0);
    }
  }

  @ParameterizedTest
  @MethodSource("io.spam4j.examples.lab.LabOptimizer#names")
  void run_anyOptimizer_learns(String optimizer) throws IOException {
    var few =
        new LabSettings(folder, "tiny", 12, 7, List.of(optimizer), 2, 16, 4e-3, 0.25, 0.5, 1000);
    int[] asked = {0}; // once before the run and before each step: the spiked run is not wanted
    RunResult clean = run(few, () -> ++asked[0] > 13).runs().getFirst();
    assertThat(clean.finished()).isTrue();
    double start = clean.samples().getFirst().loss();
    assertThat(clean.samples().getLast().loss()).isLessThan(start - 0.3);
    assertThat(clean.settings()).isNotEmpty();
  }

  @Test
  void run_stopped_returnsWhatRan() throws IOException {
    int[] asked = {0};
    LabResult result = run(settings(List.of("adamw", "spam")), () -> ++asked[0] > 6);
    assertThat(result.interrupted()).isTrue();
    assertThat(result.runs()).hasSize(1);
    RunResult run = result.runs().getFirst();
    assertThat(run.finished()).isFalse();
    assertThat(run.samples()).hasSize(5);
    assertThat(run.validationPerplexity()).isNaN();
  }

  @Test
  void run_oneSequenceABatch_learns() throws IOException {
    LabSettings base = settings(List.of("adamw"));
    var one =
        new LabSettings(
            folder, "tiny", 2, base.seed(), base.optimizers(), 1, 16, 1e-3, 0, 0.5, 1000);
    assertThat(run(one, () -> false).runs()).allMatch(RunResult::finished);
  }

  @Test
  void settings_unknownOptimizer_isRefused() {
    assertThatThrownBy(() -> settings(List.of("muon")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("optimizer must be one of " + LabOptimizer.names() + ": optimizer=muon");
  }

  @Test
  void settings_unknownModel_isRefused() {
    assertThatThrownBy(
            () -> new LabSettings(folder, "7b", 2, 1, List.of("spam"), 1, 2, 1e-3, 0, 0.5, 1000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("model must be one of tiny, small, 9m: model=7b");
  }

  @Test
  void settings_oneStep_isRefused() {
    assertThatThrownBy(
            () -> new LabSettings(folder, "tiny", 1, 1, List.of("spam"), 1, 2, 1e-3, 0, 0.5, 1000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("steps must be at least 2: steps=1");
  }

  @Test
  void optimizer_fourHundredSteps_scalesTheResets() {
    assertThat(LabOptimizer.of("spam").settings(400))
        .isEqualTo(
            "betas 0.9 0.999, decay 0, theta 5000, reset every 100 steps, rewarm 15, grace 20");
  }

  @Test
  void optimizer_fewSteps_boundsTheResets() {
    assertThat(LabOptimizer.of("spam").settings(50))
        .isEqualTo("betas 0.9 0.999, decay 0, theta 5000, reset every 40 steps, rewarm 6, grace 9");
  }

  private LabSettings settings(List<String> optimizers) {
    return new LabSettings(folder, "tiny", STEPS, 7, optimizers, 4, 32, 4e-3, 0.25, 0.5, 1000);
  }

  private static LabResult run(LabSettings settings, BooleanSupplier stop) throws IOException {
    List<String> heard = new ArrayList<>();
    LabResult result =
        new Lab(
                settings,
                new LabListener() {
                  @Override
                  public void message(String line) {}

                  @Override
                  public void runStarted(
                      String optimizer, boolean spiked, int run, int runs, int done, int steps) {
                    assertThat(done).isZero();
                    assertThat(runs).isEqualTo(2 * settings.optimizers().size());
                    assertThat(steps).isEqualTo(settings.steps());
                    heard.add("started " + run);
                  }

                  @Override
                  public void step(StepSample sample, long tokens) {
                    assertThat(tokens).isEqualTo((long) settings.batch() * settings.length());
                  }

                  @Override
                  public void runFinished(RunResult run) {
                    heard.add("finished");
                  }
                })
            .run(stop);
    assertThat(heard).hasSize(2 * result.runs().size());
    return result;
  }

  private static List<List<StepSample>> samples(List<RunResult> runs) {
    return runs.stream().map(RunResult::samples).toList();
  }
}
