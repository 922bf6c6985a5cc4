package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adam;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** Who is told of steps, and that nothing they do breaks one. */
final class StepListenerTest {
  /** Keeps what is logged, and off the console. */
  private static final class Log extends Handler implements AutoCloseable {
    final List<LogRecord> records = new ArrayList<>();
    private final Logger logger = Logger.getLogger("io.spam4j.engine");

    Log() {
      logger.addHandler(this);
      logger.setUseParentHandlers(false);
    }

    @Override
    public void publish(LogRecord record) {
      records.add(record);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      logger.removeHandler(this);
      logger.setUseParentHandlers(true);
    }
  }

  /** A listener that throws at every step. */
  private static final class Failing implements StepListener {
    int calls;

    @Override
    public void stepped(StepReport report) {
      calls++;
      throw new IllegalStateException("broken at " + report.step());
    }
  }

  @Test
  void listeners_areToldOfEveryStep_inOrder_onTheSteppingThread() {
    List<String> told = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    var builder =
        Adam.builder()
            .nonFinite(NonFinitePolicy.SKIP_STEP)
            .listener(r -> told.add("a" + r.step() + (r.isSkipped() ? " skipped" : "")))
            .listener(r -> told.add("b" + r.step()))
            .listener(_ -> threads.add(Thread.currentThread()));
    try (var run = new Runs(builder, 1f)) {
      run.step(1);
      run.step(Float.NaN);
      run.step(1);
    }
    assertThat(told).containsExactly("a1", "b1", "a2 skipped", "b2", "a2", "b2");
    assertThat(threads).hasSize(3).containsOnly(Thread.currentThread());
  }

  @Test
  void listener_seesTheReportThatTheStepReturns_complete() {
    List<StepReport> reports = new ArrayList<>();
    List<Long> nanos = new ArrayList<>();
    var builder = Adam.builder().listener(reports::add).listener(r -> nanos.add(r.nanos()));
    try (var run = new Runs(builder, 1f)) {
      StepReport report = run.step(1);
      assertThat(reports).containsExactly(report);
      assertThat(nanos).containsExactly(report.nanos());
      assertThat(report.nanos()).isPositive();
    }
  }

  @Test
  void listener_isNotToldOfAStepThatThrew() {
    List<Long> told = new ArrayList<>();
    var builder = Adam.builder().nonFinite(NonFinitePolicy.THROW).listener(r -> told.add(r.step()));
    try (var run = new Runs(builder, 1f)) {
      assertThatThrownBy(() -> run.step(Float.NaN)).isInstanceOf(NonFiniteGradientException.class);
      run.step(1);
    }
    assertThat(told).containsExactly(1L);
  }

  @Test
  void listenerThatThrows_isLoggedAndNotCalledAgain_andTheStepIsWhole() {
    var failing = new Failing();
    List<Long> others = new ArrayList<>();
    var builder =
        Adam.builder().listener(failing).listener(r -> others.add(r.step())).listener(failing);
    try (var log = new Log();
        var run = new Runs(builder, 1f);
        var plain = new Runs(Adam.builder(), 1f)) {
      for (int i = 0; i < 3; i++) {
        assertThat(run.step(2).step()).isEqualTo(plain.step(2).step());
      }
      assertThat(run.bits()).isEqualTo(plain.bits());
      assertThat(failing.calls).isEqualTo(2); // it was added twice
      assertThat(others).containsExactly(1L, 2L, 3L);
      assertThat(log.records).hasSize(2);
      LogRecord record = log.records.getFirst();
      assertThat(record.getLevel()).isEqualTo(Level.SEVERE);
      assertThat(record.getMessage())
          .isEqualTo(
              "listener must not throw, and is not called again:"
                  + " listener=io.spam4j.engine.StepListenerTest$Failing, step=1");
      assertThat(record.getThrown()).hasMessage("broken at 1");
    }
  }

  @Test
  void failedListener_isStillToldByOtherOptimizersOfTheBuilder() {
    var failing = new Failing();
    var builder = Adam.builder().listener(failing);
    try (var log = new Log();
        var one = new Runs(builder, 1f);
        var two = new Runs(builder, 1f)) {
      one.step(1);
      two.step(1);
      two.step(1);
      assertThat(failing.calls).isEqualTo(2);
      assertThat(log.records).hasSize(2);
    }
  }

  @Test
  void error_goesToTheCaller_afterAWholeStep() {
    List<Long> told = new ArrayList<>();
    StepListener broken =
        r -> {
          told.add(r.step());
          throw new AssertionError("stop");
        };
    try (var run = new Runs(Adam.builder().listener(broken), 1f)) {
      for (int i = 1; i <= 2; i++) {
        assertThatThrownBy(() -> run.step(1)).isInstanceOf(AssertionError.class).hasMessage("stop");
        assertThat(run.optimizer.stepCount()).isEqualTo(i);
      }
      assertThat(run.weights[0]).isLessThan(1);
    }
    assertThat(told).containsExactly(1L, 2L);
  }
}
