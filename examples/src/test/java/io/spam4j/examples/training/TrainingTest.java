package io.spam4j.examples.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.Words;
import io.spam4j.examples.llama.Llama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class TrainingTest {
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
    TrainingResult result = run(settings(TrainingOptimizer.defaults()), () -> false);
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
  @EnumSource(names = {"BF16", "INT8"})
  void run_defaultOptimizers_learnWithMomentsInFewerBits(MomentFormat state) throws IOException {
    TrainingSettings settings = settings(TrainingOptimizer.defaults(), state);
    int runs = TrainingOptimizer.defaults().size();
    int[] asked = {0}; // once before each run and each step: the spiked runs are not wanted
    TrainingResult result = run(settings, () -> ++asked[0] > runs * (1 + STEPS));

    assertThat(result.state()).isEqualTo(state == MomentFormat.BF16 ? "bf16" : "int8");
    assertThat(result.runs()).hasSize(runs).allMatch(RunResult::finished);
    for (RunResult run : result.runs()) {
      assertThat(run.settings()).endsWith(", state " + result.state());
      double start = run.samples().getFirst().loss();
      assertThat(run.samples().getLast().loss()).isLessThan(start / 1.5);
      long dense = 0;
      for (long[] shape : Llama.Config.preset("tiny").shapes().values()) {
        long n = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        dense += state == MomentFormat.BF16 ? 4 * n : 2 * n + 4 * ((n + 127) / 128);
      }
      if (run.optimizer().equals("spam-d25")) {
        assertThat(run.stateBytes()).isLessThan(dense * 3 / 4);
      } else {
        assertThat(run.stateBytes()).isEqualTo(dense);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("io.spam4j.examples.training.TrainingOptimizer#names")
  void run_anyOptimizer_learns(String optimizer) throws IOException {
    var few =
        TrainingSettings.builder()
            .set(TrainingOption.DATA, folder)
            .set(TrainingOption.STEPS, 12)
            .set(TrainingOption.SEED, 7L)
            .set(TrainingOption.OPTIMIZERS, List.of(optimizer))
            .set(TrainingOption.BATCH, 2)
            .set(TrainingOption.LENGTH, 16)
            .set(TrainingOption.LEARNING_RATE, 4e-3)
            .set(TrainingOption.SPIKE_RATE, 0.25)
            .build();
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
    TrainingResult result = run(settings(List.of("adamw", "spam")), () -> ++asked[0] > 6);
    assertThat(result.interrupted()).isTrue();
    assertThat(result.runs()).hasSize(1);
    RunResult run = result.runs().getFirst();
    assertThat(run.finished()).isFalse();
    assertThat(run.samples()).hasSize(5);
    assertThat(run.validationPerplexity()).isNaN();
  }

  @Test
  void run_oneSequenceABatch_learns() throws IOException {
    var one =
        TrainingSettings.builder()
            .set(TrainingOption.DATA, folder)
            .set(TrainingOption.STEPS, 2)
            .set(TrainingOption.SEED, 7L)
            .set(TrainingOption.OPTIMIZERS, List.of("adamw"))
            .set(TrainingOption.BATCH, 1)
            .set(TrainingOption.LENGTH, 16)
            .set(TrainingOption.LEARNING_RATE, 1e-3)
            .set(TrainingOption.SPIKE_RATE, 0.0)
            .build();
    assertThat(run(one, () -> false).runs()).allMatch(RunResult::finished);
  }

  private TrainingSettings settings(List<String> optimizers) {
    return settings(optimizers, MomentFormat.F32);
  }

  private TrainingSettings settings(List<String> optimizers, MomentFormat state) {
    return TrainingSettings.builder()
        .set(TrainingOption.DATA, folder)
        .set(TrainingOption.STEPS, STEPS)
        .set(TrainingOption.SEED, 7L)
        .set(TrainingOption.OPTIMIZERS, optimizers)
        .set(TrainingOption.STATE, Words.of(state))
        .set(TrainingOption.BATCH, 4)
        .set(TrainingOption.LENGTH, 32)
        .set(TrainingOption.LEARNING_RATE, 4e-3)
        .set(TrainingOption.SPIKE_RATE, 0.25)
        .build();
  }

  private static TrainingResult run(TrainingSettings settings, BooleanSupplier stop)
      throws IOException {
    List<String> heard = new ArrayList<>();
    TrainingResult result =
        new Training(
                settings,
                new TrainingListener() {
                  @Override
                  public void message(String line) {}

                  @Override
                  public void runStarted(
                      String optimizer, boolean spiked, int run, int runs, int done, int steps) {
                    assertThat(done).isZero();
                    assertThat(runs).isEqualTo(2 * settings.get(TrainingOption.OPTIMIZERS).size());
                    assertThat(steps).isEqualTo(settings.get(TrainingOption.STEPS));
                    heard.add("started " + run);
                  }

                  @Override
                  public void step(StepSample sample, long tokens) {
                    assertThat(tokens)
                        .isEqualTo(
                            (long) settings.get(TrainingOption.BATCH)
                                * settings.get(TrainingOption.LENGTH));
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
