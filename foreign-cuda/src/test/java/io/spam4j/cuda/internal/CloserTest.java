package io.spam4j.cuda.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The order in which things are closed, and what becomes of failures. */
class CloserTest {
  private final List<String> closed = new ArrayList<>();
  private final List<String> failing = new ArrayList<>();
  private final Closer closer = new Closer();

  private void open(String name) {
    closer.add(
        () -> {
          if (failing.contains(name)) {
            throw new IllegalStateException(name);
          }
          closed.add(name);
        });
  }

  @Test
  void close_youngestFirstAndOnce() {
    open("first");
    open("second");

    closer.close();
    closer.close();

    assertThat(closed).containsExactly("second", "first");
  }

  @Test
  void close_goesOnAfterFailuresAndTriesThemAgain() {
    for (String name : List.of("first", "second", "third", "fourth")) {
      open(name);
    }
    failing.addAll(List.of("second", "fourth"));

    assertThatThrownBy(closer::close)
        .hasMessage("fourth")
        .satisfies(failure -> assertThat(failure.getSuppressed()[0]).hasMessage("second"));
    assertThat(closed).containsExactly("third", "first");

    failing.clear();
    closer.close();
    assertThat(closed).containsExactly("third", "first", "fourth", "second");
  }

  @Test
  void close_checkedExceptionIsAMistake() {
    closer.add(
        () -> {
          throw new IOException("disk full");
        });

    assertThatThrownBy(closer::close)
        .isInstanceOf(AssertionError.class)
        .hasMessage("closing must not throw a checked exception");
  }
}
