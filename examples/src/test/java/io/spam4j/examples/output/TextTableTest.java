package io.spam4j.examples.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class TextTableTest {
  @Test
  void columns_areAligned_theFirstToTheLeft() {
    List<List<String>> rows = List.of(List.of("a", "bb"), List.of("long", "c"));
    assertThat(TextTable.aligned(rows)).containsExactly("a     bb", "long   c");
  }

  @Test
  void noRows_areNoLines() {
    assertThat(TextTable.aligned(List.of())).isEmpty();
  }
}
