package io.spam4j.engine.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.ResumeRun;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.MomentCodes;
import io.spam4j.tensors.safetensors.Safetensors;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
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
      if (name.startsWith("int8")) {
        assertEncodedAnew(old, run.optimizer);
        return;
      }
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

  /** Moments relative to the largest of their block are those of the file, as far as codes go. */
  private static void assertEncodedAnew(Path old, Optimizer optimizer) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      for (ParameterState saved : Checkpoint.open(old, arena).parameters().values()) {
        SequencedMap<String, Tensor> file = saved.state();
        SequencedMap<String, Tensor> loaded = optimizer.state(saved.name());
        Tensor codes = tensor(file, "exp_avg");
        int n = (int) codes.elements();
        float[] first = new float[n];
        float[] second = new float[n];
        MomentCodes.decode(
            tensor(loaded, "exp_avg").memory(),
            tensor(loaded, "exp_avg_sq").memory(),
            tensor(loaded, "exp_avg_grid").memory(),
            0,
            MemorySegment.ofArray(first),
            MemorySegment.ofArray(second),
            0,
            n);
        for (int i = 0; i < n; i++) {
          float code = codes.memory().get(JAVA_BYTE, i);
          float scale = tensor(file, "exp_avg_scale").getFloat(i / MomentCodes.BLOCK);
          int rootCode = tensor(file, "exp_avg_sq").memory().get(JAVA_BYTE, i) & 255;
          float secondScale = tensor(file, "exp_avg_sq_scale").getFloat(i / MomentCodes.BLOCK);
          double root = rootCode / 255.0 * Math.sqrt(secondScale);
          assertThat(Math.sqrt(second[i])).isCloseTo(root, within(root / 16));
          double m = code / (254 - Math.abs(code)) * scale;
          double distance = (Math.abs(m) + root / 32) / 16; // of two codes, or less
          assertThat((double) first[i]).isCloseTo(m, within(distance * 1.0001));
        }
      }
    }
  }

  private static Tensor tensor(SequencedMap<String, Tensor> state, String name) {
    return Objects.requireNonNull(state.get(name));
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
