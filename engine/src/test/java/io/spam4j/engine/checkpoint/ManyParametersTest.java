package io.spam4j.engine.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * More parameters than a header of safetensors has room for: 200,000 with usual names, or fewer
 * with long ones.
 */
final class ManyParametersTest {
  private static final int COUNT = 15_000;
  private static final String PREFIX = "layer".repeat(200);

  @TempDir private Path folder;

  @Test
  void manyParameters_areSavedAndLoaded() throws IOException {
    Path file = folder.resolve("many");
    try (Arena arena = Arena.ofConfined()) {
      Tensor all = Tensor.allocate(arena, DType.F32, COUNT);
      List<Parameter> parameters = new ArrayList<>();
      for (int i = 0; i < COUNT; i++) {
        Tensor one = Tensor.of(all.memory().asSlice(4L * i, 4), DType.F32, 1);
        parameters.add(new Parameter(PREFIX + i, one));
      }
      Tensor gradient = Tensor.of(new float[] {1}, 1);
      try (Optimizer optimizer = AdamW.builder().threads(1).build(parameters)) {
        optimizer.step(_ -> gradient);
        optimizer.save(file, SaveOptions.defaults().withWeights());
      }
      float[] trained = all.toFloats();
      all.memory().fill((byte) 0);
      try (Optimizer optimizer = AdamW.builder().threads(1).build(parameters)) {
        optimizer.load(file, LoadOptions.strict().withWeights());

        assertThat(optimizer.stepCount()).isEqualTo(1);
        assertThat(all.toFloats()).isEqualTo(trained);
        assertThat(optimizer.firstMoment(PREFIX + 14_999).getFloat(0)).isEqualTo(0.1f);
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      assertThat(Checkpoint.open(file, arena).parameters()).hasSize(COUNT);
    }
    try (var bytes = new RandomAccessFile(file.toFile(), "r")) {
      long header = Long.reverseBytes(bytes.readLong());
      assertThat(header).as("the header that other programs see").isLessThan(1000);
      assertThat(bytes.length()).isGreaterThan(100_000_000);
    }
  }
}
