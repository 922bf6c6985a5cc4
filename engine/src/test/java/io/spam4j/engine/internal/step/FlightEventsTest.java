package io.spam4j.engine.internal.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.NonFiniteGradientException;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Runs;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.analysis.SpikeJournal;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What flight recordings hold of steps, and that nothing is missing without the module. */
final class FlightEventsTest {
  @TempDir private Path folder = Path.of("");

  /** Records while something is done. */
  private List<RecordedEvent> record(Runnable work, String... disabled) throws IOException {
    Path file = folder.resolve("steps.jfr");
    try (var recording = new Recording()) {
      for (String name : disabled) {
        recording.disable(name);
      }
      recording.start();
      work.run();
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file).stream()
        .filter(e -> e.getEventType().getName().startsWith("spam4j."))
        .toList();
  }

  private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
    return events.stream().filter(e -> e.getEventType().getName().equals(name)).toList();
  }

  /** All values but for times and the thread. */
  private static String text(RecordedEvent event) {
    return event.getFields().stream()
        .map(f -> f.getName())
        .filter(f -> !List.of("startTime", "duration", "eventThread", "stackTrace").contains(f))
        .map(f -> f + "=" + event.getValue(f))
        .collect(Collectors.joining(", "));
  }

  private static List<String> texts(List<RecordedEvent> events, String name) {
    return named(events, name).stream().map(FlightEventsTest::text).toList();
  }

  @Test
  void rates_areTold_ofTensorsThatHaveAnother() throws IOException {
    Tensor gradient = Tensor.of(new float[] {1}, 1);
    var builder = Adam.builder().learningRate(2e-4).group("a", g -> g.learningRate(2e-5));
    List<RecordedEvent> events =
        record(
            () -> {
              try (var optimizer =
                  builder.build(
                      List.of(
                          new Parameter("a", Tensor.of(new float[1], 1)),
                          new Parameter("b", Tensor.of(new float[1], 1))))) {
                optimizer.step(_ -> gradient);
              }
            });
    assertThat(named(events, "spam4j.Step").getFirst().getDouble("learningRate")).isEqualTo(2e-4);
    assertThat(texts(events, "spam4j.LearningRate"))
        .containsExactly("step=1, tensor=a, learningRate=2.0E-5");
  }

  @Test
  void events_haveTheValuesOfTheReports() throws IOException {
    var builder =
        Spam.builder()
            .learningRate(0.5)
            .spikeGraceSteps(2)
            .spikeThreshold(2000)
            .resetInterval(3)
            .rewarmSteps(4)
            .transforms(GradientTransform.globalNorm(1e6));
    StepReport[] last = new StepReport[1];
    float[] ratio = new float[1];
    List<RecordedEvent> events =
        record(
            () -> {
              try (var run = new Runs(builder, 0f, 0f)) {
                run.step(3, 4);
                ratio[0] = run.step(Float.NaN, 500).largestRatio();
                last[0] = run.step(3, 4);
              }
            });
    assertThat(texts(events, "spam4j.Step"))
        .containsExactly(
            "step=1, spikes=0, skippedCoordinates=0, learningRate=0.5, warmupScale=1.0,"
                + " gradientNorm=5.0, momentumReset=false, skipped=false, bytes=64",
            "step=2, spikes=1, skippedCoordinates=1, learningRate=0.5, warmupScale=1.0,"
                + " gradientNorm=500.0, momentumReset=false, skipped=false, bytes=64",
            "step=3, spikes=0, skippedCoordinates=0, learningRate=0.5, warmupScale="
                + last[0].warmupScale()
                + ", gradientNorm=5.0, momentumReset=true, skipped=false, bytes=64");
    assertThat(last[0].warmupScale()).isLessThan(1);
    assertThat(texts(events, "spam4j.Spikes"))
        .containsExactly("step=2, tensor=w, spikes=1, largestRatio=" + ratio[0] + ", index=1");
    assertThat(texts(events, "spam4j.MomentumReset")).containsExactly("step=3");
    assertThat(texts(events, "spam4j.NonFinite"))
        .containsExactly("step=2, tensor=w, coordinates=1");
    for (RecordedEvent event : named(events, "spam4j.Step")) {
      assertThat(event.getDuration()).isPositive();
      assertThat(event.getThread().getJavaName()).isEqualTo(Thread.currentThread().getName());
      assertThat(event.getStackTrace()).isNull();
    }
  }

  @Test
  void nonFinite_isThatOfTheMeasuringPass_whereNothingIsUpdated() throws IOException {
    Tensor good = Tensor.of(new float[2], 2);
    Tensor bad = Tensor.of(new float[] {Float.NaN, Float.POSITIVE_INFINITY}, 2);
    var parameters =
        List.of(
            new Parameter("a", Tensor.of(new float[2], 2)),
            new Parameter("b", Tensor.of(new float[2], 2)));
    for (var policy : List.of(NonFinitePolicy.SKIP_STEP, NonFinitePolicy.THROW)) {
      List<RecordedEvent> events =
          record(
              () -> {
                try (var optimizer = Adam.builder().nonFinite(policy).build(parameters)) {
                  Gradients gradients = name -> name.equals("b") ? bad : good;
                  if (policy == NonFinitePolicy.THROW) {
                    assertThatThrownBy(() -> optimizer.step(gradients))
                        .isInstanceOf(NonFiniteGradientException.class);
                  } else {
                    optimizer.step(gradients);
                  }
                }
              });
      assertThat(texts(events, "spam4j.NonFinite"))
          .containsExactly("step=1, tensor=b, coordinates=2");
      List<RecordedEvent> steps = named(events, "spam4j.Step");
      assertThat(steps).hasSize(policy == NonFinitePolicy.THROW ? 0 : 1);
      assertThat(steps).allMatch(e -> e.getBoolean("skipped"));
    }
  }

  @Test
  void event_thatIsSwitchedOff_isNotMade() throws IOException {
    List<RecordedEvent> events =
        record(
            () -> {
              try (var run = new Runs(Spam.builder().resetInterval(1), 1f)) {
                run.step(1);
                run.step(Float.NaN);
              }
            },
            "spam4j.Step",
            "spam4j.NonFinite");
    assertThat(events.stream().map(e -> e.getEventType().getName()).distinct())
        .containsExactly("spam4j.MomentumReset");
  }

  @Test
  void step_allocatesNothing_afterARecording_whateverHappensInIt() throws IOException {
    var eventful =
        Spam.builder()
            .spikeThreshold(0.5)
            .spikeGraceSteps(2)
            .resetInterval(10)
            .stopAfterNonFinite(0);
    try (var run = new Runs(eventful, 0f, 0f)) {
      assertThat(texts(record(() -> run.step(1, 1)), "spam4j.Step")).hasSize(1);
      assertThat(FlightRecorder.isInitialized()).isTrue();
      assertAllocatesNothing(run, 1, Float.NaN);
    }
  }

  @Test
  void step_allocatesNothing_withAJournalThatHasNothingToWrite() throws IOException {
    try (var journal = SpikeJournal.open(folder.resolve("spikes.jsonl"));
        var run = new Runs(Spam.builder().listener(journal), 0f, 0f)) {
      assertAllocatesNothing(run, 1, 2);
    }
  }

  private static void assertAllocatesNothing(Runs run, float... values) {
    Tensor gradient = Tensor.of(values, values.length);
    Gradients gradients = _ -> gradient;
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = 1;
    for (int round = 0; round < 1000 && allocated > 0; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1000; i++) {
        run.optimizer.step(gradients);
      }
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    }
    assertThat(allocated).isEqualTo(0);
  }

  /** What the process below does. */
  static final class Probe {
    private Probe() {}

    public static void main(String[] args) {
      var told = new StringBuilder();
      try (var run = new Runs(Adam.builder().listener(r -> told.append(r.step())), 1f)) {
        run.step(1);
        run.step(1);
      }
      boolean visible = ModuleLayer.boot().findModule("jdk.jfr").isPresent();
      boolean initialised = visible && FlightRecorder.isInitialized();
      System.out.println("told " + told + ", module " + visible + ", in use " + initialised);
    }
  }

  private static String run(String... options) throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var command = new ArrayList<>(List.of(java, "-XX:TieredStopAtLevel=1"));
    command.addAll(Arrays.asList(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  void step_runsWithoutTheModule_andWithoutARecordingDoesNotStartTheRecorder()
      throws IOException, InterruptedException {
    assertThat(run("--limit-modules=java.base,java.logging"))
        .contains("told 12, module false, in use false");
    assertThat(run("-Xlog:class+load:stdout"))
        .contains("told 12, module true, in use false")
        .doesNotContain("FlightEvents$");
  }
}
