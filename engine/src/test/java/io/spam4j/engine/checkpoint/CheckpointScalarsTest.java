package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.TensorRuns;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Histories that no run has are refused, though all checksums are right, and change nothing. */
final class CheckpointScalarsTest {
  @TempDir private Path folder;

  private static TensorRuns start() {
    var transforms =
        new GradientTransform[] {GradientTransform.zClip(), GradientTransform.adaClip(0.9)};
    var builder = StableSpam.builder().transforms(transforms);
    var shapes = new TreeMap<>(Map.of("a", new long[] {3, 2}, "b", new long[] {5}));
    return new TensorRuns(builder, 1, shapes);
  }

  @ParameterizedTest
  @CsvSource({
    "norm_count, 1.5",
    "m_max_count, -1.0",
    "m_max_count.1, NaN",
    "zclip_norms, 0.5",
  })
  void count_thatIsNone_isRefused(String scalar, String value) throws IOException {
    refuses(
        "b",
        scalar,
        value,
        "checkpoint count must be a whole number, not negative: file=%s, parameter=b, scalar=%s,"
            + " value=%s",
        scalar,
        value);
  }

  @Test
  void commonScalar_thatDiffers_isRefused() throws IOException {
    refuses(
        "b",
        "zclip_norms",
        "7.0",
        "checkpoint scalar must be the same for all parameters: file=%s, scalar=zclip_norms,"
            + " values=2.0 and 7.0");
  }

  /** Expects this message, behind the file, and that nothing changes. */
  private void refuses(
      String parameter, String scalar, String value, String message, Object... facts)
      throws IOException {
    Path file = folder.resolve("changed");
    try (var run = start()) {
      for (int t = 0; t < 2; t++) {
        run.draw();
        run.step();
      }
      run.optimizer.save(file);
      rewrite(file, "spam4j.parameter." + parameter, scalar, value);
      run.draw();
      run.step();
      Snapshot before = Snapshot.of(run.optimizer);
      Object[] all = new Object[facts.length + 1];
      all[0] = file;
      System.arraycopy(facts, 0, all, 1, facts.length);
      assertThatThrownBy(() -> run.optimizer.load(file))
          .isInstanceOf(CheckpointFormatException.class)
          .hasMessage(message.formatted(all));
      Snapshot.of(run.optimizer).assertSame(before);
    }
  }

  private static void rewrite(Path file, String key, String scalar, String value)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors old = Safetensors.open(file, arena);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      old.names().forEach(name -> tensors.put(name, old.tensor(name)));
      Map<String, String> metadata = new LinkedHashMap<>(old.metadata());
      metadata.computeIfPresent(
          key,
          (_, text) -> {
            var fields = CheckpointFormat.split(text);
            fields.replace(scalar, value);
            return CheckpointFormat.joined(fields);
          });
      metadata.put(CheckpointFormat.HEADER_CRC, CheckpointFormat.headerCrc(metadata, tensors));
      Safetensors.write(file, tensors, metadata);
    }
  }
}
