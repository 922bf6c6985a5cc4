package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Replays what the fuzzer kept; see docs/fuzzing.md. */
final class CheckpointFuzzCorpusTest {
  static Stream<Path> corpus() throws IOException, URISyntaxException {
    var folder = CheckpointFuzzCorpusTest.class.getResource("/fuzz/checkpoint");
    try (Stream<Path> files = Files.list(Path.of(Objects.requireNonNull(folder).toURI()))) {
      return files.sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("corpus")
  void file_isRefusedOrLoadedWhole(Path file) {
    assertThatCode(() -> CheckpointFuzzTarget.fuzzerTestOneInput(Files.readAllBytes(file)))
        .doesNotThrowAnyException();
  }
}
