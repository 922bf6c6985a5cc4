package io.spam4j.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.examples.shell.Screen;
import io.spam4j.examples.shell.Shell;
import io.spam4j.examples.shell.Terminal;
import io.spam4j.examples.training.TrainingCheckpoints;
import io.spam4j.examples.training.TrainingOption;
import io.spam4j.examples.training.TrainingResult;
import io.spam4j.examples.training.TrainingSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DemoCommandTest {
  private static final TrainingResult NOTHING = new TrainingResult(Map.of(), List.of(), false);

  @TempDir private Path folder = Path.of("");

  private final Screen screen = new Screen();

  @Test
  void demo_printsTheTableAndWhereTheReportIs() {
    TrainingResult result = Samples.full(20);

    assertThat(run((settings, checkpoints, listener, stop) -> result, "--output=" + folder))
        .isZero();

    assertThat(screen.out())
        .isEqualTo(
            "\n"
                + ResultTable.of(result).text()
                + "\n"
                + ResultTable.of(result).times()
                + "\nreport: "
                + folder.resolve("report.html")
                + "\n");
    assertThat(folder.resolve("report.html")).isNotEmptyFile();
    assertThat(folder.resolve("results.json")).isNotEmptyFile();
  }

  /** Two with one folder deleted each other's checkpoints. */
  @Test
  void demo_whileAnotherHasItsFolder_isRefused() {
    AtomicReference<Integer> second = new AtomicReference<>();
    Screen secondScreen = new Screen();

    int first =
        run(
            (settings, checkpoints, listener, stop) -> {
              DemoCommand.Runner none = (_, _, _, _) -> NOTHING;
              var command = new DemoCommand(secondScreen.terminal(false), none);
              CommandLine line =
                  Shell.configured(new CommandLine(command), secondScreen.terminal(false));
              second.set(line.execute("--output=" + folder));
              return NOTHING;
            },
            "--output=" + folder);

    assertThat(first).isZero();
    assertThat(second.get()).isEqualTo(1);
    assertThat(secondScreen.err())
        .isEqualTo(
            "spam4j: another demo writes to this folder, wait or give this one another --output:"
                + " output=%s\n".formatted(folder));
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void demo_afterOneThatWasKilled_takesItsFolder() throws IOException {
    Files.writeString(folder.resolve("spam4j-demo.lock"), "of a process that is gone");

    assertThat(run((_, _, _, _) -> NOTHING, "--output=" + folder)).isZero();

    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void demo_withoutLibtorch_saysWhereItIs() {
    DemoCommand.Runner unlinked =
        (_, _, _, _) -> {
          throw new UnsatisfiedLinkError("no jnitorch");
        };

    assertThat(run(unlinked, "--output=" + folder)).isEqualTo(1);

    assertThat(screen.err())
        .startsWith("spam4j: the demo needs libtorch, which JavaCPP has for linux-x86_64,")
        .endsWith("cause=java.lang.UnsatisfiedLinkError: no jnitorch\n");
  }

  @Test
  void demo_classesThatDoNotFit_areNotTakenForMissingLibtorch() {
    DemoCommand.Runner mixed =
        (_, _, _, _) -> {
          throw new NoSuchMethodError("of another version");
        };

    assertThatThrownBy(() -> run(mixed, "--output=" + folder))
        .isInstanceOf(NoSuchMethodError.class)
        .hasMessage("of another version");
  }

  @Test
  void demo_hasTheDefaultsOfTheTraining() {
    assertThat(settings()).isEqualTo(TrainingSettings.defaults());
  }

  @Test
  void demo_passesEveryOptionOn() {
    assertThat(
            settings(
                "--data=some.txt",
                "--model=small",
                "--steps=7",
                "--seed=3",
                "--optimizers=spam,adamw",
                "--state=int8",
                "--batch=2",
                "--length=32",
                "--learning-rate=0.01",
                "--spike-rate=0.1",
                "--spike-share=0.25",
                "--spike-factor=10"))
        .isEqualTo(
            TrainingSettings.builder()
                .set(TrainingOption.DATA, Path.of("some.txt"))
                .set(TrainingOption.MODEL, "small")
                .set(TrainingOption.STEPS, 7)
                .set(TrainingOption.SEED, 3L)
                .set(TrainingOption.OPTIMIZERS, List.of("spam", "adamw"))
                .set(TrainingOption.STATE, "int8")
                .set(TrainingOption.BATCH, 2)
                .set(TrainingOption.LENGTH, 32)
                .set(TrainingOption.LEARNING_RATE, 0.01)
                .set(TrainingOption.SPIKE_RATE, 0.1)
                .set(TrainingOption.SPIKE_SHARE, 0.25)
                .set(TrainingOption.SPIKE_FACTOR, 10.0)
                .build());
  }

  @Test
  void demo_withMomentsThatAnOptimizerDoesNotHave_isWrongUsageBeforeAnythingRuns() {
    DemoCommand.Runner none =
        (settings, checkpoints, listener, stop) -> {
          throw new AssertionError(settings);
        };

    assertThat(run(none, "--state=bf16", "--optimizers=adamw,lion")).isEqualTo(2);

    assertThat(screen.err())
        .isEqualTo(
            """
            spam4j: state must be f32 with these optimizers, choose others with --optimizers: state=bf16, optimizers=lion
              lion: moments must be F32 for optimizers that are not of Adam's family: moments=BF16
              see: ./demo --help
            """);
  }

  @Test
  void demo_withAnUnknownFormat_isWrongUsage() {
    assertThat(run((settings, checkpoints, listener, stop) -> NOTHING, "--state=fp8")).isEqualTo(2);

    assertThat(screen.err())
        .startsWith("spam4j: state must be one of f32, bf16, int8: state=fp8\n");
  }

  @Test
  void demo_withoutCheckpointOptions_keepsNothingAndResumesNothing() {
    assertThat(checkpoints())
        .isEqualTo(new TrainingCheckpoints(folder, OptionalInt.empty(), false));
  }

  @Test
  void demo_passesCheckpointOptionsOn() {
    assertThat(checkpoints("--checkpoint-every=20"))
        .isEqualTo(new TrainingCheckpoints(folder, OptionalInt.of(20), false));
    assertThat(checkpoints("--resume"))
        .isEqualTo(new TrainingCheckpoints(folder, OptionalInt.empty(), true));
  }

  @Test
  void demo_withNegativeCheckpointInterval_isWrongUsage() {
    assertThat(run((settings, checkpoints, listener, stop) -> NOTHING, "--checkpoint-every=-1"))
        .isEqualTo(2);

    assertThat(screen.err())
        .startsWith("spam4j: checkpoint-every must not be negative: checkpoint-every=-1\n");
  }

  @Test
  void demo_withNothingToResume_failsInOneLine() throws IOException {
    String text = "--data=" + Files.writeString(folder.resolve("text"), "some text\n".repeat(9999));
    String output = "--output=" + folder.resolve("out");

    assertThat(run(new DemoCommand(screen.terminal(false)), "--resume", output, text)).isEqualTo(1);

    assertThat(screen.err())
        .isEqualTo(
            "spam4j: there is nothing to resume, start without --resume: folder="
                + folder.resolve("out/checkpoints")
                + "\n");
  }

  @Test
  void demo_finished_deletesWhatItKept() throws IOException {
    Path kept = Files.createDirectories(folder.resolve("checkpoints"));
    Files.writeString(kept.resolve("session.json"), "{}");
    Files.writeString(kept.resolve("spam-clean.json"), "{}");

    assertThat(
            run((settings, checkpoints, listener, stop) -> Samples.full(20), "--output=" + folder))
        .isZero();

    assertThat(kept).doesNotExist();
  }

  @Test
  void demo_stopped_keepsWhatItKept() throws IOException {
    Path kept = Files.createDirectories(folder.resolve("checkpoints"));
    Path session = Files.writeString(kept.resolve("session.json"), "{}");

    assertThat(
            run(
                (settings, checkpoints, listener, stop) ->
                    new TrainingResult(Map.of(), List.of(Samples.stopped("spam", false, 7)), true),
                "--output=" + folder))
        .isEqualTo(130);

    assertThat(session).exists();
  }

  @Test
  void demo_withNothingRunWritesNoReport() {
    TrainingResult nothing = new TrainingResult(Map.of(), List.of(), true);

    assertThat(run((settings, checkpoints, listener, stop) -> nothing, "--output=" + folder))
        .isEqualTo(130);

    assertThat(screen.err()).isEqualTo("spam4j: nothing ran, so there is no report\n");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void demo_failsInOneLine() {
    DemoCommand.Runner failing =
        (settings, checkpoints, listener, stop) -> {
          throw new IOException("data must be a readable file: data=none");
        };

    assertThat(run(failing, "--output=" + folder)).isEqualTo(1);

    assertThat(screen.err()).isEqualTo("spam4j: data must be a readable file: data=none\n");
  }

  /** A training that runs until it is asked to stop. */
  static void main(String[] arguments) {
    Terminal terminal = Terminal.system();
    DemoCommand.Runner endless =
        (settings, checkpoints, listener, stop) -> {
          listener.message("training");
          while (!stop.getAsBoolean()) {
            Thread.onSpinWait();
          }
          return new TrainingResult(Map.of(), List.of(Samples.stopped("spam", false, 7)), true);
        };
    System.exit(new CommandLine(new DemoCommand(terminal, endless)).execute(arguments));
  }

  @Test
  @EnabledOnOs(
      value = {OS.LINUX, OS.MAC},
      disabledReason = "sends SIGTERM")
  void signal_leavesTheReportOfWhatRan() throws Exception {
    Process demo =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                DemoCommandTest.class.getName(),
                "--output=" + folder)
            .start();
    try (BufferedReader err = demo.errorReader();
        BufferedReader out = demo.inputReader()) {
      assertThat(err.readLine()).isEqualTo("training");
      // Not SIGINT: a build in the background ignores it, and so do its children.
      assertThat(demo.toHandle().destroy()).isTrue();
      assertThat(err.readLine()).isEqualTo("stopping after this step, then writing the report");
      assertThat(demo.waitFor(60, TimeUnit.SECONDS)).isTrue();

      assertThat(demo.exitValue()).isEqualTo(143);
      assertThat(out.lines())
          .anyMatch(line -> line.startsWith("spam       stopped at 7 "))
          .endsWith("report: " + folder.resolve("report.html"));
      assertThat(Files.readString(folder.resolve("report.html"))).endsWith("</html>\n");
    } finally {
      demo.destroyForcibly();
    }
  }

  private TrainingCheckpoints checkpoints(String... arguments) {
    AtomicReference<TrainingCheckpoints> seen =
        new AtomicReference<>(
            new TrainingCheckpoints(Path.of("unseen"), OptionalInt.empty(), false));
    List<String> all = new ArrayList<>(List.of("--output=" + folder));
    all.addAll(List.of(arguments));
    run(
        (settings, checkpoints, listener, stop) -> {
          seen.set(checkpoints);
          return NOTHING;
        },
        all.toArray(String[]::new));
    return seen.get();
  }

  private TrainingSettings settings(String... arguments) {
    AtomicReference<TrainingSettings> seen = new AtomicReference<>(TrainingSettings.defaults());
    run(
        (settings, checkpoints, listener, stop) -> {
          seen.set(settings);
          return new TrainingResult(Map.of(), List.of(), false);
        },
        arguments);
    return seen.get();
  }

  private int run(DemoCommand.Runner training, String... arguments) {
    return run(new DemoCommand(screen.terminal(false), training), arguments);
  }

  private int run(DemoCommand demo, String... arguments) {
    return Shell.configured(new CommandLine(demo), screen.terminal(false)).execute(arguments);
  }
}
