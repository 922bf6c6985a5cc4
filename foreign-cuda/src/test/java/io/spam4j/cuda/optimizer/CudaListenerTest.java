package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.StandIn;
import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Mode;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.StepListener;
import io.spam4j.engine.StepListenerException;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.optimizers.Spam;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Listeners that use the optimizer that tells them, while later steps are under way. */
final class CudaListenerTest {
  private static final int STEPS = 11;
  private static final String REFUSED =
      "an optimizer must do one step at a time, and listeners are told of one; step when it has"
          + " returned: optimizer=spam";

  @TempDir private Path folder;
  private StandInDevice standIn;
  private DeviceTensor weights;
  private DeviceTensor gradient;

  @SuppressWarnings("NullAway.Init") // each test builds its own
  private CudaOptimizer optimizer;

  private final List<Long> told = new ArrayList<>();

  @BeforeEach
  void open() {
    standIn = StandInDevice.open(Mode.LAZY);
    weights = DeviceTensor.of(standIn.device().allocate(16), 4);
    gradient = DeviceTensor.of(standIn.device().allocate(16), 4);
    fill(weights, 0);
    fill(gradient, 1);
  }

  @AfterEach
  void close() {
    standIn.close();
  }

  private void fill(DeviceTensor tensor, float value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_FLOAT, value, 1, 1, 1);
      standIn.stream().upload(values, tensor.buffer());
    }
  }

  private void build(Spam.Builder settings) {
    optimizer =
        CudaOptimizer.build(settings, standIn.stream(), List.of(new CudaParameter("p", weights)));
  }

  /** Settings with a listener, and after it one that writes down which steps it is told of. */
  private Spam.Builder settings(StepListener first) {
    return Spam.builder().listener(first).listener(report -> told.add(report.step()));
  }

  private void step() {
    optimizer.step(_ -> gradient);
  }

  private static Long[] upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toArray(Long[]::new);
  }

  private static String figures(StepReport report) {
    return "step %d rate %s spikes %d of %d without %d bytes %d scale %s"
        .formatted(
            report.step(),
            report.learningRate(0),
            report.spikes(0),
            report.totalSpikes(0),
            report.tensorsWithoutGradient(),
            report.bytes(),
            report.gradientScale(0));
  }

  /** What a second listener hears of a run whose steps all differ. */
  private List<String> heard(StepListener first) {
    fill(weights, 0);
    List<String> heard = new ArrayList<>();
    build(
        Spam.builder()
            .learningRate(step -> 1.0 / (1 + step))
            .betas(0.9, 0.5)
            .spikeThreshold(2)
            .spikeGraceSteps(1)
            .listener(first)
            .listener(report -> heard.add(figures(report))));
    try (CudaOptimizer run = optimizer) {
      for (int i = 0; i < STEPS; i++) {
        boolean has = i % 4 != 2;
        fill(gradient, i % 3 == 2 ? 1000 * i : 1);
        run.step(_ -> has ? gradient : null);
      }
    }
    return heard;
  }

  private void save() {
    try {
      optimizer.save(folder.resolve("saved"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void listenerThatSaves_keepsNobodyFromHearingEachStepAsItWas() throws IOException {
    List<String> expected = heard(_ -> {});
    List<String> first = new ArrayList<>();
    assertThat(expected).hasSize(STEPS).doesNotHaveDuplicates();
    assertThat(expected.getLast()).doesNotContain("of 0 ");

    List<String> second =
        heard(
            report -> {
              first.add(figures(report));
              save();
              assertThat(figures(report)).isEqualTo(first.getLast());
            });

    assertThat(second).isEqualTo(expected);
    assertThat(first).isEqualTo(expected);
    try (Arena arena = Arena.ofConfined()) {
      assertThat(Checkpoint.open(folder.resolve("saved"), arena).steps()).isEqualTo(STEPS);
    }
  }

  @Test
  void listenerThatAsksForTheReport_getsItsOwn() {
    build(settings(report -> assertThat(optimizer.report()).isSameAs(report)));
    step();
    step();
    step();

    assertThat(optimizer.report().step()).isEqualTo(3);
    assertThat(told).containsExactly(upTo(3));
    optimizer.close();
  }

  @Test
  void listenerThatLoads_keepsNobodyFromHearingTheStepsBefore() throws IOException {
    List<Boolean> loads = new ArrayList<>();
    build(
        settings(
            report -> {
              if (report.step() == 2) {
                try {
                  loads.add(optimizer.load(folder.resolve("saved")).isComplete());
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            }));
    step();
    save();
    for (int i = 2; i <= 4; i++) {
      step();
    }

    assertThat(optimizer.report().step()).isEqualTo(4);
    assertThat(told).containsExactly(upTo(4));
    assertThat(loads).containsExactly(true);
    assertThat(optimizer.stepCount()).isEqualTo(1);
    optimizer.close();
  }

  @Test
  void listenersThatThrow_areAllHeard_andToldOfTheStepsThatOneFetched() {
    build(
        settings(
            report -> {
              save();
              throw new IllegalStateException("told of " + report.step());
            }));
    step();
    step();

    assertThatThrownBy(optimizer::report)
        .isInstanceOf(StepListenerException.class)
        .hasRootCauseMessage("told of 1")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));

    assertThat(told).containsExactly(upTo(2));
    optimizer.close();
  }

  @Test
  void listenerThatSteps_isRefused() {
    DeviceTensor other = DeviceTensor.of(standIn.device().allocate(16), 4);
    List<String> refused = new ArrayList<>();
    build(
        settings(
            _ -> {
              try {
                optimizer.step(_ -> other);
              } catch (IllegalStateException e) {
                refused.add(e.getMessage());
              }
            }));
    for (int i = 0; i < STEPS; i++) {
      step();
    }
    optimizer.close();

    assertThat(optimizer.stepCount()).isEqualTo(STEPS);
    assertThat(told).containsExactly(upTo(STEPS));
    assertThat(refused).hasSize(STEPS).containsOnly(REFUSED);
  }

  @Test
  void gradientsThatStep_areRefused() {
    build(settings(_ -> {}));

    assertThatThrownBy(
            () ->
                optimizer.step(
                    _ -> {
                      step();
                      return gradient;
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "an optimizer must do one step at a time, and one of its steps is running; wait until"
                + " it returns: optimizer=spam");
    step();
    assertThat(optimizer.report().step()).isEqualTo(1);
    optimizer.close();
  }

  @Test
  void listenerThatCloses_endsTheStepThatTellsIt() {
    int open = StandIn.openCount(standIn.device());
    build(settings(_ -> optimizer.close()));
    int queued = 0;
    IllegalStateException end = null;
    while (end == null) {
      try {
        step();
        queued++;
      } catch (IllegalStateException e) {
        end = e;
      }
    }

    assertThat(end).hasMessage("the optimizer must be open: it was closed");
    assertThat(queued).isBetween(1, StepSlots.COUNT);
    assertThat(told).containsExactly(upTo(queued));
    assertThat(StandIn.openCount(standIn.device())).isEqualTo(open);
  }

  @Test
  void listenerThatCloses_endsTheCallThatTellsIt() {
    build(settings(_ -> optimizer.close()));
    step();
    step();

    assertThatThrownBy(() -> optimizer.scalars("p"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the optimizer must be open: it was closed");

    assertThat(told).containsExactly(upTo(2));
  }

  @Test
  void listenerThatClosesInAClose_isToldOfEachStepOnce() {
    int open = StandIn.openCount(standIn.device());
    build(
        settings(
            _ -> {
              save();
              optimizer.close();
            }));
    step();
    step();
    optimizer.close();

    assertThat(told).containsExactly(upTo(2));
    assertThat(StandIn.openCount(standIn.device())).isEqualTo(open);
  }

  @Test
  void listenerThatFailsAtASkippedStep_namesThatStep() {
    fill(gradient, Float.NaN);
    build(
        settings(
                report -> {
                  throw new IllegalStateException("skipped: " + report.isSkipped());
                })
            .nonFinite(NonFinitePolicy.SKIP_STEP));

    assertThatThrownBy(this::step)
        .isInstanceOfSatisfying(
            StepListenerException.class,
            e -> assertThat(e.step()).isEqualTo(optimizer.stepCount() + 1))
        .hasRootCauseMessage("skipped: true");

    assertThat(told).containsExactly(1L);
    optimizer.close();
  }
}
