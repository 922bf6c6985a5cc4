package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.ResumeRun;
import io.spam4j.tensors.safetensors.Safetensors;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files of every version that was ever written are still read, with nothing lost: what is saved
 * after loading one holds the same tensors and texts. A new version gets a folder of its own, made
 * by {@link #main}; older folders stay as they are.
 */
final class CheckpointCorpusTest {
  private static final int STEPS = 64;

  @TempDir private Path folder;

  static List<Path> version1() throws IOException, URISyntaxException {
    var resource = CheckpointCorpusTest.class.getResource("/checkpoints/v1");
    try (Stream<Path> files = Files.list(Path.of(Objects.requireNonNull(resource).toURI()))) {
      return files.sorted().toList();
    }
  }

  @Test
  void version1_isWhole() throws IOException, URISyntaxException {
    assertThat(version1()).hasSize(33);
  }

  @ParameterizedTest
  @MethodSource("version1")
  void version1_isRead(Path old) throws IOException {
    String name = old.getFileName().toString().replace(".safetensors", "");
    OptimizerCase one = OptimizerCases.named(name);
    Path again = folder.resolve("again");
    try (var run = ResumeRun.start(one, 1);
        Arena arena = Arena.ofConfined()) {
      run.load(old).save(again);
      assertThat(run.optimizer.stepCount()).isPositive();
      Safetensors expected = Safetensors.open(old, arena);
      Safetensors actual = Safetensors.open(again, arena);
      assertThat(actual.names()).isEqualTo(expected.names());
      for (String tensor : expected.names()) {
        assertThat(actual.tensor(tensor).memory().mismatch(expected.tensor(tensor).memory()))
            .as(tensor)
            .isEqualTo(-1);
      }
      // Later versions may say more, but not anything else.
      Map<String, String> said = actual.metadata();
      expected
          .metadata()
          .forEach(
              (key, text) -> {
                if (!key.equals("spam4j.format") && !key.equals("spam4j.crc32c")) {
                  assertThat(said).containsEntry(key, text);
                }
              });
    }
  }

  /** Writes the files of a version. Arguments: the folder. */
  public static void main(String... args) throws IOException {
    Path target = Files.createDirectories(Path.of(args[0]));
    for (OptimizerCase one : ResumeRun.cases()) {
      try (var run = ResumeRun.start(one, 1)) {
        run.runTo(STEPS, 0).save(target.resolve(one.name() + ".safetensors"));
      }
    }
  }
}
