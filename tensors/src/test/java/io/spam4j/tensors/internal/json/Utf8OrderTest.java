package io.spam4j.tensors.internal.json;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class Utf8OrderTest {
  private static final List<String> TEXTS =
      List.of(
          "",
          "a",
          "a\u0000",
          "ab",
          "b",
          "\u00e9",
          "\u0800",
          "\ud7ff",
          "\ue000",
          "\uffff",
          "\ud800\udc00",
          "\ud83d\ude00",
          "\ud83d\ude01",
          "\udbff\udfff",
          "a\uffee",
          "a\ud800\udc00");

  @Test
  void byUtf8_isTheOrderOfTheBytes() {
    for (String one : TEXTS) {
      for (String other : TEXTS) {
        int expected =
            Arrays.compareUnsigned(
                one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
        assertThat(Integer.signum(Utf8Order.BY_UTF8.compare(one, other)))
            .as("%s and %s", one, other)
            .isEqualTo(Integer.signum(expected));
      }
    }
  }
}
