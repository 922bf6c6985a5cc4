package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A step that could not finish: nothing goes on from what is left of it but a load. */
final class BrokenOffStepTest {
  private static final int N = 50_000;

  @TempDir private Path folder = Path.of("");

  /** Adam, in the middle of whose step something can be made to happen. */
  private static final class Breakable extends MomentBuilder<Breakable> {
    @Nullable Runnable happens;

    private Breakable() {
      super("breakable");
    }

    @Override
    protected Decision decision(int parameters) {
      return (_, step) -> {
        Runnable once = happens;
        if (once != null && step.tensor() == 1) {
          happens = null;
          once.run();
        }
      };
    }

    @Override
    protected Breakable self() {
      return this;
    }
  }

  private final Breakable settings = new Breakable().threads(2);
  private final Tensor a = Tensor.of(new float[3], 3);
  private final Tensor b = Tensor.of(new float[N], N);
  private final Tensor ofA = Tensor.of(new float[] {1, 2, 3}, 3);
  private final Tensor ofB = Tensor.of(new float[N], N);

  private Optimizer build() {
    return settings.build(List.of(new Parameter("a", a), new Parameter("b", b)));
  }

  private StepReport step(Optimizer optimizer) {
    return optimizer.step(name -> name.equals("a") ? ofA : ofB);
  }

  private void assertRefuses(Optimizer optimizer, Throwable cause) {
    Path file = folder.resolve("torn.safetensors");
    String message =
        "weights and state must be whole, but step 2 broke off in the middle; load a checkpoint,"
            + " with its weights, or bring the weights back yourself";
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> step(optimizer))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(message)
          .hasCause(cause);
      assertThatThrownBy(() -> optimizer.save(file))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(message);
      assertThat(file).doesNotExist();
    }
  }

  @Test
  void memoryThatGoesAwayInAStep_marksIt_andALoadClearsTheMark() throws IOException {
    Path file = folder.resolve("whole.safetensors");
    Arena arena = Arena.ofShared();
    Tensor going = Tensor.allocate(arena, DType.F32, N);
    try (Optimizer optimizer = build()) {
      step(optimizer);
      optimizer.save(file, SaveOptions.defaults().withWeights());
      float[] before = a.toFloats();
      settings.happens = arena::close;
      Throwable thrown =
          assertThrows(
              IllegalStateException.class,
              () -> optimizer.step(name -> name.equals("a") ? ofA : going));
      assertRefuses(optimizer, thrown);

      optimizer.load(file, LoadOptions.strict().withWeights());

      assertThat(a.toFloats()).isEqualTo(before);
      assertThat(step(optimizer).step()).isEqualTo(2);
      optimizer.save(file);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void errorInAStep_marksIt(boolean stack) {
    Error error = stack ? new StackOverflowError() : new OutOfMemoryError("here");
    try (Optimizer optimizer = build()) {
      step(optimizer);
      settings.happens =
          () -> {
            throw error;
          };
      assertThatThrownBy(() -> step(optimizer)).isSameAs(error);
      assertRefuses(optimizer, error);
    }
  }

  @Test
  void loadThatIsRefused_leavesTheMark() throws IOException {
    Path file = folder.resolve("none.safetensors");
    try (Optimizer optimizer = build()) {
      step(optimizer);
      var failure = new IllegalStateException("decided badly");
      settings.happens =
          () -> {
            throw failure;
          };
      assertThatThrownBy(() -> step(optimizer)).isSameAs(failure);
      assertThatThrownBy(() -> optimizer.load(file)).isInstanceOf(IOException.class);
      assertRefuses(optimizer, failure);
    }
  }

  @Test
  void whatFailsBeforeAStepChangesAnything_marksNothing() {
    try (Optimizer optimizer = build()) {
      step(optimizer);
      var error = new StackOverflowError();
      assertThatThrownBy(
              () ->
                  optimizer.step(
                      _ -> {
                        throw error;
                      }))
          .isSameAs(error);
      assertThat(step(optimizer).step()).isEqualTo(2);
    }
  }

  /** Steps at every depth near the end of a stack. */
  @Test
  void stackThatEndsInAStep_leavesAWholeOptimizerOrAMarkedOne() throws InterruptedException {
    for (int round = 0; round < 10; round++) {
      a.memory().fill((byte) 0);
      try (Optimizer optimizer = build()) {
        var steps = new StepsAtTheEnd(optimizer);
        var thread = new Thread(null, () -> steps.descend(0), "small stack", 512 << 10);
        thread.start();
        thread.join();
        assertThat(steps.brokenOff).isPositive();
        assertThat(steps.wrong).isEqualTo(0);
        assertThat(steps.refusals)
            .allMatch(message -> message.startsWith("weights and state must be whole, but step "));
      }
    }
  }

  private final class StepsAtTheEnd {
    private final Optimizer optimizer;
    int done;
    int brokenOff;
    int wrong;
    final List<String> refusals = new ArrayList<>();

    StepsAtTheEnd(Optimizer optimizer) {
      this.optimizer = optimizer;
    }

    void descend(int depth) {
      try {
        if (depth < Integer.MAX_VALUE) {
          descend(depth + 1);
        }
      } catch (StackOverflowError e) {
        // from here on up
      }
      if (done < 3) {
        run();
      }
    }

    /** Weights have moved as often as steps were counted, or the optimizer knows better. */
    private void run() {
      boolean isMarked = false;
      try {
        step(optimizer);
        done++;
      } catch (StackOverflowError e) {
        brokenOff++;
      } catch (IllegalStateException e) {
        isMarked = true;
        refusals.add(String.valueOf(e.getMessage()));
        done++;
      }
      try {
        long moved = Math.round(-a.getFloat(0) / 1e-3);
        wrong += !isMarked && done > 0 && moved != optimizer.stepCount() ? 1 : 0;
      } catch (StackOverflowError e) {
        // asked again further up
      }
    }
  }

  static List<Throwable> failures() {
    return List.of(
        new IllegalStateException("mine"), new AssertionError("mine"), new IOException("mine"));
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void sneak(Throwable failure) throws E {
    throw (E) failure;
  }

  @ParameterizedTest
  @MethodSource("failures")
  void step_whoseSelectionCannotBeHad_changesNothing(Throwable failure) {
    var isBroken = new AtomicBoolean();
    Spam.Builder sparse =
        Spam.builder()
            .density(0.5)
            .resetInterval(2)
            .maskSelection(
                MaskSelection.given(
                    (_, _) -> {
                      if (isBroken.get()) {
                        sneak(failure);
                      }
                      return new long[] {0, 2};
                    }));
    try (Optimizer optimizer =
        sparse.build(List.of(new Parameter("a", a), new Parameter("b", b)))) {
      step(optimizer);
      Snapshot before = Snapshot.of(optimizer);
      isBroken.set(true);

      assertThatThrownBy(() -> step(optimizer)).isSameAs(failure);

      Snapshot.of(optimizer).assertSame(before);
      isBroken.set(false);
      assertThat(step(optimizer).step()).isEqualTo(2);
    }
  }
}
