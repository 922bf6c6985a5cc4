package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run whose gradients stay broken stops itself. */
final class StopAfterNonFiniteTest {
  private static String message(int inARow, int last) {
    return "gradients must not stay non-finite; lower the learning rate, check the data, or build"
        + " with stopAfterNonFinite(0): steps in a row="
        + inARow
        + ", last step="
        + last
        + ", parameters=[w]";
  }

  private static void assertStops(Runs run, String message) {
    long steps = run.optimizer.stepCount();
    int[] before = run.bits();
    assertThatThrownBy(() -> run.step(1, 1))
        .isInstanceOf(NonFiniteGradientException.class)
        .hasMessage(message);
    assertThat(run.bits()).isEqualTo(before);
    assertThat(run.optimizer.stepCount()).isEqualTo(steps);
  }

  @Test
  void skippedCoordinates_inTenStepsInARow_stopTheEleventh_andThenItGoesOn() {
    try (var run = new Runs(Adam.builder(), 1f, 1f)) {
      run.step(1, 1);
      for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < 10; i++) {
          run.step(Float.NaN, 1);
        }
        assertStops(run, message(10, 1 + 10 * round));
      }
      assertThat(run.step(1, 1).step()).isEqualTo(22);
    }
  }

  @Test
  void skippedSteps_stopTheRunToo() {
    var builder = Spam.builder().nonFinite(NonFinitePolicy.SKIP_STEP).stopAfterNonFinite(3);
    try (var run = new Runs(builder, 1f, 1f)) {
      for (int i = 0; i < 3; i++) {
        run.step(1, Float.NEGATIVE_INFINITY);
      }
      assertStops(run, message(3, 1));
      assertThat(run.step(1, 1).isSkipped()).isFalse();
    }
  }

  @Test
  void finiteStep_startsTheCountAnew() {
    try (var run = new Runs(Lion.builder().stopAfterNonFinite(2), 1f, 1f)) {
      for (int i = 0; i < 5; i++) {
        run.step(1, Float.NaN);
        run.step(1, 1);
      }
      run.step(1, Float.NaN);
      run.step(1, Float.NaN);
      assertThatThrownBy(() -> run.step(1, 1)).hasMessage(message(2, 12));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SKIP_COORDINATE", "SKIP_STEP"})
  void message_namesTheTensorsOfTheLastStepOnly(NonFinitePolicy policy) {
    Tensor good = Tensor.of(new float[] {1}, 1);
    Tensor bad = Tensor.of(new float[] {Float.NaN}, 1);
    var parameters =
        List.of(
            new Parameter("a", Tensor.of(new float[1], 1)),
            new Parameter("b", Tensor.of(new float[1], 1)),
            new Parameter("c", Tensor.of(new float[1], 1)));
    var builder = Adam.builder().nonFinite(policy).stopAfterNonFinite(2);
    try (var optimizer = builder.build(parameters)) {
      optimizer.step(_ -> bad);
      optimizer.step(name -> name.equals("b") ? good : bad);
      assertThatThrownBy(() -> optimizer.step(_ -> good))
          .hasMessageEndingWith(
              "steps in a row=2, last step=%d, parameters=[a, c]",
              policy == NonFinitePolicy.SKIP_STEP ? 1 : 2);
    }
  }

  @Test
  void afterALoad_theMessageNamesWhatThisRunSaw_andSaysWhatItDidNot(@TempDir Path folder)
      throws IOException {
    Path file = folder.resolve("streak.safetensors");
    var builder = Adam.builder().stopAfterNonFinite(4);
    try (var run = new Runs(builder, 1f, 1f);
        var resumed = new Runs(builder, 1f, 1f)) {
      run.step(1, 1);
      for (int i = 0; i < 4; i++) {
        run.step(Float.NaN, 1);
        if (i == 2) {
          run.optimizer.save(file);
        }
      }
      resumed.optimizer.load(file);
      resumed.step(Float.NaN, 1);
      assertStops(run, message(4, 5));
      assertStops(resumed, message(4, 5));

      run.optimizer.save(file); // counts from 0 again
      for (int i = 0; i < 4; i++) {
        run.step(Float.NaN, 1);
      }
      run.optimizer.save(file);
      for (Runs one : List.of(run, resumed)) { // the first saw others of its own before the load
        one.optimizer.load(file);
        assertStops(
            one,
            "gradients must not stay non-finite; lower the learning rate, check the data, or build"
                + " with stopAfterNonFinite(0): steps in a row=4, steps done=9,"
                + " parameters=unknown: all of these steps came before the load");
        assertThat(one.step(1, 1).step()).isEqualTo(10);
      }
    }
  }

  @Test
  void zero_isNever_andPropagateDoesNotCount() {
    var propagates = Adam.builder().nonFinite(NonFinitePolicy.PROPAGATE).stopAfterNonFinite(1);
    try (var never = new Runs(Adam.builder().stopAfterNonFinite(0), 1f, 1f);
        var blind = new Runs(propagates, 1f, 1f)) {
      for (int i = 0; i < 30; i++) {
        never.step(Float.NaN, 1);
        blind.step(Float.NaN, 1);
      }
      assertThat(never.optimizer.stepCount()).isEqualTo(30);
      assertThat(blind.optimizer.stepCount()).isEqualTo(30);
    }
  }

  @Test
  void throwPolicy_throwsByItself_andDoesNotCount() {
    var builder = Adam.builder().nonFinite(NonFinitePolicy.THROW).stopAfterNonFinite(1);
    try (var run = new Runs(builder, 1f, 1f)) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> run.step(Float.NaN, 1))
            .hasMessage("gradients must be finite: step=1, coordinates=1, parameters=[w]");
      }
      assertThat(run.step(1, 1).step()).isEqualTo(1);
    }
  }

  @Test
  void negative_isRefused() {
    assertThatThrownBy(() -> new Runs(Adam.builder().stopAfterNonFinite(-1), 1f))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("stopAfterNonFinite must not be negative: stopAfterNonFinite=-1");
  }
}
