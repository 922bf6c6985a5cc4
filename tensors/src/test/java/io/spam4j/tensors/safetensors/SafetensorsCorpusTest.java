package io.spam4j.tensors.safetensors;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the fuzzer kept, see docs/fuzzing.md: one input for each path it found in the reader. */
class SafetensorsCorpusTest {
  static List<Path> corpus() throws IOException, URISyntaxException {
    URL folder = SafetensorsCorpusTest.class.getResource("/fuzz/safetensors");
    URI uri = Objects.requireNonNull(folder, "test resource fuzz/safetensors").toURI();
    try (Stream<Path> files = Files.list(Path.of(uri))) {
      return files.sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("corpus")
  void fuzzerTestOneInput_corpus(Path input) throws IOException {
    SafetensorsFuzzTarget.fuzzerTestOneInput(Files.readAllBytes(input));
  }
}
