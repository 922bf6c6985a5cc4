package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.CudaException;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.StandIn;
import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Mode;
import io.spam4j.engine.NonFiniteGradientException;
import io.spam4j.engine.StepListenerException;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Reports of steps that are still under way come late, all of them and in order. */
final class CudaReportTest {
  private static final int SLOTS = 4; // steps that may be under way
  private static final int MOST = SLOTS + 1; // more than are left to be reported after the end

  private StandInDevice standIn;
  private DeviceTensor weights;
  private DeviceTensor gradient;
  private final List<Long> reported = new ArrayList<>();

  @BeforeEach
  void open() {
    standIn = StandInDevice.open(Mode.LAZY);
    weights = DeviceTensor.of(standIn.device().allocate(16), 4);
    gradient = DeviceTensor.of(standIn.device().allocate(16), 4);
    fill(1);
  }

  @AfterEach
  void close() {
    standIn.close();
  }

  private void fill(float value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_FLOAT, value, 1, 1, 1);
      standIn.stream().upload(values, gradient.buffer());
    }
  }

  private CudaOptimizer build(OptimizerBuilder<?> settings) {
    return CudaOptimizer.build(
        settings.listener(report -> reported.add(report.step())),
        standIn.stream(),
        List.of(new CudaParameter("p", weights)));
  }

  private static Long[] upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toArray(Long[]::new);
  }

  @Test
  void report_waits() {
    try (CudaOptimizer optimizer = build(Spam.builder())) {
      for (int i = 0; i < 3; i++) {
        optimizer.step(_ -> gradient);
      }
      assertThat(standIn.stream().isIdle()).isFalse();
      assertThat(optimizer.report().step()).isEqualTo(3);
      assertThat(reported).containsExactly(upTo(3));
      assertThat(standIn.stream().isIdle()).isTrue();
      assertThat(optimizer.report().step()).isEqualTo(3);
    }
  }

  @Test
  void listeners_getEveryStepInOrder() {
    CudaOptimizer optimizer = build(Spam.builder());
    for (int i = 1; i <= 25; i++) {
      optimizer.step(_ -> gradient);
      assertThat(reported).containsExactly(upTo(reported.size()));
      assertThat(reported).hasSizeBetween(Math.max(0, i - SLOTS), i);
    }
    assertThat(reported).hasSizeLessThan(25);
    optimizer.close();
    assertThat(reported).containsExactly(upTo(25));
  }

  @Test
  void close_reportsTheStepsBeforeOneThatBrokeOff() {
    CudaOptimizer optimizer = build(Spam.builder());
    optimizer.step(_ -> gradient);
    long before = standIn.calls();
    optimizer.step(_ -> gradient);
    standIn.fail(standIn.calls() - before - 3, 1); // of those that end a step
    assertThatThrownBy(() -> optimizer.step(_ -> gradient)).isInstanceOf(CudaException.class);
    assertThatThrownBy(() -> optimizer.step(_ -> gradient))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("a step broke off in the middle, load a checkpoint: step=3");
    assertThat(reported).hasSizeLessThan(2);

    optimizer.close();

    assertThat(reported).containsExactly(upTo(2));
  }

  @Test
  void listenerThatThrows_isHeardFromTheCallThatFetchesTheReport_andToldOfEachStep() {
    List<Long> told = new ArrayList<>();
    Spam.Builder failing =
        Spam.builder()
            .listener(
                report -> {
                  told.add(report.step());
                  throw new IllegalStateException("told of " + report.step());
                });
    CudaOptimizer optimizer = build(failing);
    int queued = 0;
    while (queued < 3) {
      try {
        optimizer.step(_ -> gradient);
        queued++;
      } catch (StepListenerException e) {
        assertThat(e.step()).isEqualTo(told.size());
      }
      assertThat(optimizer.stepCount()).isEqualTo(queued);
    }
    while (told.size() < 3) {
      assertThatThrownBy(optimizer::report)
          .isInstanceOf(StepListenerException.class)
          .hasCauseInstanceOf(IllegalStateException.class);
    }
    assertThat(optimizer.report().step()).isEqualTo(3);
    optimizer.step(_ -> gradient);
    optimizer.step(_ -> gradient);

    assertThatThrownBy(optimizer::close).isInstanceOf(StepListenerException.class);

    assertThat(told).containsExactly(upTo(5));
    assertThat(reported).containsExactly(upTo(5));
  }

  @Test
  void report_tellsRatesAndWhoHadNoGradient() {
    try (CudaOptimizer optimizer = build(Spam.builder().learningRate(0.25))) {
      optimizer.step(_ -> gradient);
      StepReport report = optimizer.report();
      assertThat(report.learningRate()).isEqualTo(0.25);
      assertThat(report.learningRate(0)).isEqualTo(0.25);
      assertThat(report.tensorsWithoutGradient()).isEqualTo(0);
      optimizer.step(_ -> null);
      assertThat(optimizer.report().tensorsWithoutGradient()).isEqualTo(1);
      assertThat(report.hasGradient(0)).isFalse();
    }
  }

  @Test
  void listener_whoseErrorEndsTheClose() {
    int open = StandIn.openCount(standIn.device());
    CudaOptimizer optimizer =
        build(
            Spam.builder()
                .listener(
                    _ -> {
                      throw new AssertionError("told");
                    }));
    optimizer.step(_ -> gradient);

    assertThatThrownBy(optimizer::close).isInstanceOf(AssertionError.class).hasMessage("told");

    assertThat(StandIn.openCount(standIn.device())).isEqualTo(open);
  }

  @Test
  void stopAfterNonFinite_isNoticedLate() {
    fill(Float.NaN);
    try (CudaOptimizer optimizer = build(Spam.builder().stopAfterNonFinite(MOST))) {
      int steps = 0;
      NonFiniteGradientException end = null;
      while (end == null) {
        try {
          optimizer.step(_ -> gradient);
          steps++;
        } catch (NonFiniteGradientException e) {
          end = e;
        }
      }
      assertThat(steps).isBetween(MOST, MOST + SLOTS);
      assertThat(reported).containsExactly(upTo(reported.size())).hasSizeBetween(MOST, steps);
      assertThat(end)
          .hasMessage(
              "gradients must not stay non-finite; lower the learning rate, check the data, or"
                  + " build with stopAfterNonFinite(0): steps in a row=%d, last step=%d,"
                  + " parameters=[p]",
              reported.size(), reported.size());
      assertThat(optimizer.stepCount()).isEqualTo(steps);
      fill(1);
      optimizer.step(_ -> gradient);
      assertThat(optimizer.report().step()).isEqualTo(steps + 1);
      assertThat(reported).containsExactly(upTo(steps + 1));
    }
  }
}
