package io.spam4j.examples.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.Words;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingResumeTest {
  private static final OptionalInt AS_BEFORE = OptionalInt.empty();

  @TempDir private Path folder = Path.of("");

  private Path texts = Path.of("");
  private Path report = Path.of("");
  private final List<String> messages = new ArrayList<>();

  /** Stands for a kill: nothing of the training runs after it. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private final class Listener implements TrainingListener {
    private int left;

    Listener(int stepsUntilKilled) {
      left = stepsUntilKilled;
    }

    @Override
    public void message(String line) {
      messages.add(line);
    }

    @Override
    public void runStarted(
        String optimizer, boolean spiked, int run, int runs, int done, int steps) {
      messages.add("[%d/%d] %s from step %d".formatted(run, runs, optimizer, done));
    }

    @Override
    public void step(StepSample sample, long tokens) {
      if (--left == 0) {
        throw new Killed();
      }
    }

    @Override
    public void runFinished(RunResult result) {}
  }

  @BeforeEach
  void writeText() throws IOException {
    texts = Files.createDirectories(folder.resolve("texts"));
    report = folder.resolve("report");
    for (int i = 0; i < 20; i++) {
      Files.writeString(
          texts.resolve("text" + i + ".txt"), ("the quick brown fox " + i + " jumps\n").repeat(20));
    }
  }

  @Test
  void resume_killedAndStoppedAgainAndAgain_sameNumbersForEveryDefaultOptimizer() throws Exception {
    TrainingSettings settings = settings(7, TrainingOptimizer.defaults());
    TrainingResult whole = new Training(settings, new Listener(0)).run(() -> false);

    TrainingResult last = new TrainingResult(whole.settings(), List.of(), true);
    int sessions = 0;
    while (last.interrupted()) {
      OptionalInt every = sessions == 0 ? OptionalInt.of(3) : AS_BEFORE;
      var checkpoints = new TrainingCheckpoints(report, every, sessions > 0);
      boolean kills = sessions++ % 2 == 0;
      int[] asked = {0};
      try {
        Listener listener = new Listener(kills ? 11 : 0);
        last = new Training(settings, checkpoints, listener).run(() -> !kills && ++asked[0] > 11);
      } catch (Killed killed) {
        assertThat(kills).isTrue();
      }
    }

    assertThat(sessions).isGreaterThan(5);
    assertThat(messages)
        .anyMatch(line -> line.endsWith(" from step 3"))
        .anyMatch(line -> line.endsWith(" from step 5"));
    assertThat(last.settings()).isEqualTo(whole.settings());
    assertThat(withoutTimes(last)).isEqualTo(withoutTimes(whole));
    assertThat(last.runs()).allMatch(run -> run.modelMillis() > 0 && run.optimizerMillis() > 0);
  }

  @ParameterizedTest
  @CsvSource({"spam-d25, F32", "spam-d25, INT8", "stable-spam, F32", "stable-spam, BF16"})
  void resume_aroundAReset_sameNumbers(String optimizer, MomentFormat state) throws Exception {
    // the first reset is at step 40
    TrainingSettings settings = settings(42, List.of(optimizer), state);
    TrainingResult whole = new Training(settings, new Listener(0)).run(stopAfter(42));
    assertThat(whole.runs().getFirst().samples().get(39).reset()).isTrue();

    run(settings, new TrainingCheckpoints(report, OptionalInt.of(50), false), stopAfter(38));
    run(settings, new TrainingCheckpoints(report, AS_BEFORE, true), stopAfter(3));
    TrainingResult last =
        run(settings, new TrainingCheckpoints(report, AS_BEFORE, true), stopAfter(1));

    assertThat(messages)
        .contains("[1/2] " + optimizer + " from step 38", "[1/2] " + optimizer + " from step 41");
    assertThat(withoutTimes(last)).isEqualTo(withoutTimes(whole));
  }

  @Test
  void resume_afterLossesThatAreNotFinite_keepsThemAsTheyWere() throws Exception {
    SessionFolder files = SessionFolder.of(report);
    files.write(new Session(Session.FORMAT, 1, Map.of()));
    RunName run = new RunName("adamw", true);
    var samples =
        List.of(
            new StepSample(0, Double.NaN, Double.POSITIVE_INFINITY, 3, true, false),
            new StepSample(1, -0.0, 0.1 + 0.2, 0, false, true));
    var result = new RunResult("adamw", "s", true, true, samples, Double.NaN, 3, 8, 0.1, 1e-9);

    files.keep(run, result);

    assertThat(files.result(run)).contains(result);
  }

  @Test
  void resume_withNothingThere_isRefused() {
    var checkpoints = new TrainingCheckpoints(report, AS_BEFORE, true);

    assertThatThrownBy(() -> run(settings(2, List.of("spam")), checkpoints, () -> false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "there is nothing to resume, start without --resume: folder="
                + report.resolve("checkpoints"));
    assertThat(report).doesNotExist();
  }

  @Test
  void resume_withOtherSettings_listsEveryDifference() throws Exception {
    stopAfterOneStep(settings(4, List.of("spam", "adamw")));
    Files.writeString(texts.resolve("text99.txt"), "one more\n".repeat(10));
    TrainingSettings other =
        TrainingSettings.builder()
            .set(TrainingOption.DATA, texts)
            .set(TrainingOption.MODEL, "small")
            .set(TrainingOption.STEPS, 5)
            .set(TrainingOption.SEED, 8L)
            .set(TrainingOption.OPTIMIZERS, List.of("adamw"))
            .set(TrainingOption.STATE, "bf16")
            .set(TrainingOption.BATCH, 3)
            .set(TrainingOption.LENGTH, 17)
            .set(TrainingOption.LEARNING_RATE, 1e-3)
            .set(TrainingOption.SPIKE_RATE, 0.5)
            .set(TrainingOption.SPIKE_SHARE, 0.25)
            .set(TrainingOption.SPIKE_FACTOR, 10.0)
            .build();
    byte[] before = Files.readAllBytes(report.resolve("checkpoints/spam-clean.safetensors"));

    assertThatThrownBy(
            () -> run(other, new TrainingCheckpoints(report, AS_BEFORE, true), () -> false))
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(
            refused ->
                assertThat(
                        String.valueOf(refused.getMessage())
                            .replaceAll("\\d+ bytes with CRC-32C [0-9a-f]{8}", "TEXT"))
                    .isEqualTo(
                        """
                        settings must be those of the interrupted session, or start over without --resume: folder=%s
                          training text: interrupted=TEXT, now=TEXT
                          validation text: interrupted=TEXT, now=TEXT
                          model: interrupted=tiny, now=small
                          steps: interrupted=4, now=5
                          optimizers: interrupted=spam,adamw, now=adamw
                          state: interrupted=f32, now=bf16
                          batch: interrupted=2, now=3
                          length: interrupted=16, now=17
                          learning-rate: interrupted=0.004, now=0.001
                          spike-rate: interrupted=0.25, now=0.5
                          spike-share: interrupted=0.5, now=0.25
                          spike-factor: interrupted=1000.0, now=10.0
                          seed: interrupted=7, now=8"""
                            .formatted(report.resolve("checkpoints"))));
    assertThat(report.resolve("checkpoints/spam-clean.safetensors")).hasBinaryContent(before);
  }

  @Test
  void resume_withAnotherNumberOfStepsBetweenCheckpoints_takesIt() throws Exception {
    TrainingSettings settings = settings(4, List.of("spam"));
    stopAfterOneStep(settings);

    run(settings, new TrainingCheckpoints(report, OptionalInt.of(3), true), () -> true);

    assertThat(SessionFolder.of(report).session())
        .hasValueSatisfying(session -> assertThat(session.checkpointEvery()).isEqualTo(3));
  }

  @Test
  void start_whereASessionIsUnfinished_saysThatItStartsOver() throws Exception {
    TrainingSettings settings = settings(3, List.of("spam"));
    stopAfterOneStep(settings);
    messages.clear();
    Path other = Files.writeString(report.resolve("checkpoints/mine.txt"), "kept");

    TrainingResult result =
        run(settings, new TrainingCheckpoints(report, OptionalInt.of(0), false), () -> false);

    assertThat(result.interrupted()).isFalse();
    assertThat(messages)
        .startsWith(
            "starting over: the unfinished session is discarded, --resume would have continued it:"
                + " folder="
                + report.resolve("checkpoints"))
        .contains("[1/2] spam from step 0");
    assertThat(report.resolve("checkpoints")).isDirectoryContaining(other::equals);
    assertThat(report.resolve("checkpoints")).isDirectoryNotContaining(file -> !file.equals(other));
  }

  @Test
  void stop_withCheckpoints_saysHowToGoOn() throws Exception {
    stopAfterOneStep(settings(3, List.of("spam")));

    assertThat(messages).endsWith("the same command with --resume goes on from here");
    assertThat(report.resolve("checkpoints"))
        .isDirectoryContaining("glob:**/session.json")
        .isDirectoryContaining("glob:**/spam-clean.safetensors");
  }

  @Test
  void resume_withACheckpointOfAnotherRun_isRefused() throws Exception {
    TrainingSettings settings = settings(3, List.of("spam", "adamw"));
    stopAfterOneStep(settings);
    Path own = report.resolve("checkpoints/spam-clean.safetensors");
    Path others = Files.copy(own, report.resolve("checkpoints/adamw-clean.safetensors"));

    assertThatThrownBy(() -> SessionFolder.of(report).progress(new RunName("adamw", false)))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "checkpoint must be of the run, start over without --resume: file="
                + others
                + ", run=adamw-clean, notes=[nextBatch, progress, run]");
  }

  @Test
  void checkpointEvery_negative_isRefused() {
    assertThatThrownBy(() -> new TrainingCheckpoints(report, OptionalInt.of(-1), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("checkpoint-every must not be negative: checkpoint-every=-1");
  }

  @Test
  void discard_leavesNothing() throws Exception {
    stopAfterOneStep(settings(3, List.of("spam")));
    Files.writeString(report.resolve("checkpoints/.spam4j-of-a-kill.tmp"), "half");

    new TrainingCheckpoints(report, AS_BEFORE, false).discard();

    assertThat(report).isEmptyDirectory();
  }

  @Test
  void discard_leavesTemporaryFilesOfOthers() throws Exception {
    stopAfterOneStep(settings(3, List.of("spam")));
    Path others = Files.writeString(report.resolve("checkpoints/notes.tmp"), "mine");

    new TrainingCheckpoints(report, AS_BEFORE, false).discard();

    assertThat(report.resolve("checkpoints")).isDirectoryContaining(others::equals);
    assertThat(others).hasContent("mine");
  }

  private void stopAfterOneStep(TrainingSettings settings) throws IOException {
    var checkpoints = new TrainingCheckpoints(report, OptionalInt.of(2), false);
    assertThat(run(settings, checkpoints, stopAfter(1)).interrupted()).isTrue();
  }

  private static BooleanSupplier stopAfter(int steps) {
    int[] asked = {0}; // once before the run, and before each step
    return () -> ++asked[0] > 1 + steps;
  }

  private TrainingResult run(
      TrainingSettings settings, TrainingCheckpoints checkpoints, BooleanSupplier stop)
      throws IOException {
    return new Training(settings, checkpoints, new Listener(0)).run(stop);
  }

  private TrainingSettings settings(int steps, List<String> optimizers) {
    return settings(steps, optimizers, MomentFormat.F32);
  }

  private TrainingSettings settings(int steps, List<String> optimizers, MomentFormat state) {
    return TrainingSettings.builder()
        .set(TrainingOption.DATA, texts)
        .set(TrainingOption.STEPS, steps)
        .set(TrainingOption.SEED, 7L)
        .set(TrainingOption.OPTIMIZERS, optimizers)
        .set(TrainingOption.STATE, Words.of(state))
        .set(TrainingOption.BATCH, 2)
        .set(TrainingOption.LENGTH, 16)
        .set(TrainingOption.LEARNING_RATE, 4e-3)
        .set(TrainingOption.SPIKE_RATE, 0.25)
        .build();
  }

  private static List<RunResult> withoutTimes(TrainingResult result) {
    return result.runs().stream()
        .map(
            run ->
                new RunResult(
                    run.optimizer(),
                    run.settings(),
                    run.spiked(),
                    run.finished(),
                    run.samples(),
                    run.validationPerplexity(),
                    run.spikesClipped(),
                    run.stateBytes(),
                    0,
                    0))
        .toList();
  }
}
