package io.spam4j.examples.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResetPositionTest {
  @ParameterizedTest
  @CsvSource({
    "0, 1, 0, 5",
    "1, 1, 1, 5",
    "4, 1, 4, 5",
    "5, 2, 1, 10",
    "9, 2, 5, 10",
    "10, 3, 1, 15"
  })
  void resetsAtMultiples_firstIntervalIsOneShort(long steps, long interval, long step, long next) {
    assertThat(ResetPosition.of(Map.of("resetInterval", "5"), steps))
        .isEqualTo(new ResetPosition(5, interval, step, next));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, 0, 1",
    "1, 1, 1, 6",
    "5, 1, 5, 6",
    "6, 2, 1, 11",
    "10, 2, 5, 11",
    "11, 3, 1, 16"
  })
  void resetsAtStart_everyIntervalIsAsLong(long steps, long interval, long step, long next) {
    assertThat(ResetPosition.of(Map.of("resetInterval", "5", "resetsAtStart", "true"), steps))
        .isEqualTo(new ResetPosition(5, interval, step, next));
  }

  @Test
  void withoutResets_thereIsNone() {
    assertThat(ResetPosition.of(Map.of("resetInterval", "0"), 7)).isNull();
    assertThat(ResetPosition.of(Map.of(), 7)).isNull();
  }
}
