package io.spam4j.examples.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantitiesTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.0 KiB",
    "1048575, 1.0 MiB",
    "28626125, 27.3 MiB",
    "1099511627776, 1.0 TiB",
    "9223372036854775807, 8388608.0 TiB"
  })
  void bytes_areInTheUnitThatFits(long bytes, String text) {
    assertThat(Quantities.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"4.2, 4.20", "-1.005, -1.01", "99999, 99999.00", "1234567, 1.2e+06"})
  void level_isAPowerOfTenWhenLarge(double value, String text) {
    assertThat(Quantities.level(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "999, 999", "12345, 12.3k", "2500000, 2.5M"})
  void rate_isShort(double rate, String text) {
    assertThat(Quantities.rate(rate)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"-5, 0s", "59, 59s", "60, 1m 00s", "3599, 59m 59s", "7500, 2h 05m"})
  void time_isInTheTwoLargestUnits(long seconds, String text) {
    assertThat(Quantities.time(Duration.ofSeconds(seconds))).isEqualTo(text);
  }
}
