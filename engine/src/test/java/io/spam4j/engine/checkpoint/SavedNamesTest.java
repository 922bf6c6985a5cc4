package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.ZeroCopies;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be saved is refused before it is trained. */
final class SavedNamesTest {
  @TempDir private Path folder;

  private static Parameter parameter(String name) {
    return new Parameter(name, Tensor.of(new float[] {1}, 1));
  }

  private static void assertRefused(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  @Test
  void parameter_nameThatCannotBeSaved_isRefused() {
    assertRefused(
        () -> parameter("w\ud800x"),
        "parameter name must have no lone surrogate, so that it can be saved: index=1,"
            + " unit=0xd800");
    assertRefused(
        () -> parameter("\udc00"),
        "parameter name must have no lone surrogate, so that it can be saved: index=0,"
            + " unit=0xdc00");
    assertRefused(
        () -> parameter("x".repeat(10_000_000)),
        "parameter name must have at most 65536 bytes in UTF-8, so that it can be saved:"
            + " characters=10000000, name="
            + "x".repeat(40)
            + "...");
    assertRefused(
        () -> parameter("\u00e9".repeat(32_769)),
        "parameter name must have at most 65536 bytes in UTF-8, so that it can be saved:"
            + " characters=32769, name="
            + "\u00e9".repeat(40)
            + "...");
  }

  @Test
  void planner_nameThatCannotBeSaved_isRefused() {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("w\ud800", new long[] {1});
    assertRefused(
        () -> AdamW.builder().planner(shapes, new ZeroCopies(shapes)),
        "parameter name must have no lone surrogate, so that it can be saved: index=1,"
            + " unit=0xd800");
  }

  @Test
  void note_thatCannotBeSaved_isRefused() {
    assertRefused(
        () -> SaveOptions.defaults().note("\ud800", ""),
        "note key must have no lone surrogate, so that it can be saved: index=0, unit=0xd800");
    assertRefused(
        () -> SaveOptions.defaults().note("", "\ud800"),
        "note must have no lone surrogate, so that it can be saved: index=0, unit=0xd800");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\ud83d\ude00", "a.exp_avg", " =\"\\\u0000", "__metadata__", "mask"})
  void name_thatIsAccepted_isSavedAndLoaded(String name) throws IOException {
    assertSaved(List.of(name));
  }

  @Test
  void longestNames_areSavedAndLoaded() throws IOException {
    List<String> names = new ArrayList<>();
    for (char last = 'a'; last < 'e'; last++) {
      names.add("\u0001".repeat(SavedNames.MOST_BYTES - 1) + last); // six characters each in JSON
    }
    assertSaved(names);
  }

  private void assertSaved(List<String> names) throws IOException {
    Path file = folder.resolve("names");
    try (Optimizer optimizer =
        AdamW.builder().build(names.stream().map(SavedNamesTest::parameter).toList())) {
      optimizer.step(_ -> Tensor.of(new float[] {1}, 1));
      optimizer.save(file, SaveOptions.defaults().withWeights());
      optimizer.load(file, LoadOptions.strict().withWeights());
      assertThat(optimizer.stepCount()).isEqualTo(1);
    }
  }
}
