package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Who is told of steps, and that nothing they do breaks one, nor goes unheard. */
final class StepListenerTest {
  @TempDir private Path folder = Path.of("");

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
  void listenerThatThrows_keepsNoOtherFromBeingTold_andTheCallerHearsOfIt_afterAWholeStep() {
    var failing = new Failing();
    List<Long> others = new ArrayList<>();
    var builder =
        Adam.builder().listener(failing).listener(r -> others.add(r.step())).listener(failing);
    try (var run = new Runs(builder, 1f);
        var plain = new Runs(Adam.builder(), 1f)) {
      for (int i = 1; i <= 3; i++) {
        StepReport expected = plain.step(2);
        var thrown = assertThrows(StepListenerException.class, () -> run.step(2));
        assertThat(thrown)
            .hasMessage(
                "a listener failed after the step, which is complete and counted: step=" + i);
        Throwable cause = Objects.requireNonNull(thrown.getCause());
        assertThat(cause).hasMessage("broken at " + i);
        assertThat(cause.getSuppressed()).hasSize(1);
        assertThat(thrown.step()).isEqualTo(expected.step());
        assertThat(thrown.report().step()).isEqualTo(expected.step());
        assertThat(run.bits()).isEqualTo(plain.bits());
        assertThat(run.optimizer.stepCount()).isEqualTo(i);
      }
      assertThat(failing.calls).isEqualTo(6);
      assertThat(others).containsExactly(1L, 2L, 3L);
    }
  }

  @SuppressWarnings("unchecked") // as other languages throw
  private static <T extends Throwable> void throwUnchecked(Throwable any) throws T {
    throw (T) any;
  }

  @Test
  void listenerThatThrowsWhatJavaCannotDeclare_isLikeAnyOther() {
    var lost = new IOException("disk full");
    List<Long> others = new ArrayList<>();
    var builder =
        Adam.builder()
            .listener(_ -> StepListenerTest.<RuntimeException>throwUnchecked(lost))
            .listener(r -> others.add(r.step()));
    try (var run = new Runs(builder, 1f)) {
      for (long i = 1; i <= 2; i++) {
        assertThatThrownBy(() -> run.step(1))
            .isInstanceOf(StepListenerException.class)
            .hasCause(lost);
        assertThat(others).hasSize((int) i).contains(i);
        assertThat(run.optimizer.stepCount()).isEqualTo(i);
      }
    }
  }

  @Test
  void error_goesToTheCaller_afterAWholeStep_andAfterAllOthers() {
    List<Long> told = new ArrayList<>();
    var failing = new Failing();
    StepListener broken =
        r -> {
          told.add(r.step());
          throw new AssertionError("stop");
        };
    var builder = Adam.builder().listener(failing).listener(broken).listener(broken);
    try (var run = new Runs(builder, 1f)) {
      for (int i = 1; i <= 2; i++) {
        assertThatThrownBy(() -> run.step(1)).isInstanceOf(AssertionError.class).hasMessage("stop");
        assertThat(run.optimizer.stepCount()).isEqualTo(i);
      }
      assertThat(run.weights[0]).isLessThan(1);
    }
    assertThat(told).containsExactly(1L, 1L, 2L, 2L);
  }

  /** A listener that does something with the optimizer it listens to. */
  private static final class Using implements StepListener {
    private final BiConsumer<Optimizer, StepReport> use;
    @Nullable Optimizer optimizer;

    Using(BiConsumer<Optimizer, StepReport> use) {
      this.use = use;
    }

    @Override
    public void stepped(StepReport report) {
      use.accept(Objects.requireNonNull(optimizer), report);
    }
  }

  private static Runs using(BiConsumer<Optimizer, StepReport> use) {
    var listener = new Using(use);
    var run = new Runs(Adam.builder().listener(listener), 1f, 2f);
    listener.optimizer = run.optimizer;
    return run;
  }

  private static void unchecked(Executable call) {
    try {
      call.execute();
    } catch (Throwable e) { // Executable declares it; thrown on as what a lambda may throw
      throw new IllegalStateException(e);
    }
  }

  @Test
  void listenerThatSaves_savesTheStepThatItIsToldOf() throws IOException {
    Path file = folder.resolve("a.safetensors");
    try (var run =
            using(
                (optimizer, report) -> {
                  if (report.step() % 10 == 0) {
                    unchecked(() -> optimizer.save(file, SaveOptions.defaults().withWeights()));
                  }
                });
        var resumed = new Runs(Adam.builder(), 0f, 0f)) {
      for (int i = 0; i < 20; i++) {
        run.step(i, 1);
      }
      int[] saved = run.bits();
      run.step(1, 1);
      resumed.optimizer.load(file, LoadOptions.strict().withWeights());
      assertThat(resumed.optimizer.stepCount()).isEqualTo(20);
      assertThat(resumed.bits()).isEqualTo(saved);
    }
  }

  @Test
  void listener_mayReadLoadAndClose() throws IOException {
    Path file = folder.resolve("b.safetensors");
    List<Object> read = new ArrayList<>();
    try (var run =
        using(
            (optimizer, report) -> {
              read.add(optimizer.state("w").keySet());
              read.add(optimizer.memory().state());
              read.add(optimizer.stepCount());
              if (report.step() == 3) {
                unchecked(() -> optimizer.load(file, LoadOptions.strict().withWeights()));
              } else if (report.step() == 2 && read.size() > 9) {
                optimizer.close();
              }
            })) {
      run.step(1, 1);
      run.optimizer.save(file, SaveOptions.defaults().withWeights());
      int[] saved = run.bits();
      run.step(1, 1);
      assertThat(run.step(1, 1).step()).isEqualTo(3);
      assertThat(run.bits()).isEqualTo(saved);
      assertThat(run.optimizer.stepCount()).isEqualTo(1);
      assertThat(run.step(1, 1).step()).isEqualTo(2);
      assertThatThrownBy(() -> run.step(1, 1)).hasMessageStartingWith("the optimizer must be open");
      assertThat(read).hasSize(12).contains(16L, 1L, 2L, 3L);
    }
  }

  @Test
  void listenerThatSteps_isRefused_andOtherThreadsToo() {
    Tensor gradient = Tensor.of(new float[2], 2);
    List<Throwable> refusals = new ArrayList<>();
    try (var run =
        using(
            (optimizer, _) -> {
              var other =
                  new Thread(
                      () -> {
                        try {
                          optimizer.step(_ -> gradient);
                        } catch (IllegalStateException e) {
                          refusals.add(e);
                        }
                      });
              other.start();
              unchecked(other::join);
              optimizer.step(_ -> gradient);
            })) {
      assertThatThrownBy(() -> run.step(1, 1))
          .isInstanceOf(StepListenerException.class)
          .hasCauseInstanceOf(IllegalStateException.class)
          .cause()
          .hasMessage(
              "an optimizer must do one step at a time, and listeners are told of one; step when it"
                  + " has returned: optimizer=adam");
      assertThat(refusals).hasSize(1);
      assertThat(run.optimizer.stepCount()).isEqualTo(1);
    }
  }
}
