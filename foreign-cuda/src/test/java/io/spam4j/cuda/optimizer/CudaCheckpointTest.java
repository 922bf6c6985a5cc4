package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.spam4j.cuda.StandIn;
import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Mode;
import io.spam4j.cuda.internal.twins.OptimizerCase;
import io.spam4j.cuda.internal.twins.Twins;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.AdamW;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checkpoints of the CPU and of a device are the same files, and each continues from the other's.
 */
final class CudaCheckpointTest {
  private static final int STEPS = 40; // to behind the first reset, and to behind the third
  private static final SaveOptions WEIGHTS = SaveOptions.defaults().withWeights();

  /** Those where NaN gets into moments: a NaN of the CPU has other bits than one of the device. */
  private static final Set<String> PROPAGATING =
      Set.of("spam-reference", "spam-paper", "spam-kozistr", "propagate", "stable-spam-reference");

  @TempDir private Path folder;

  private static Stream<Arguments> cases() {
    return OptimizerCase.ALL.stream().map(Arguments::of);
  }

  private Path file(String name) {
    return folder.resolve(name);
  }

  private static void requireSame(Path one, Path other) throws IOException {
    assertThat(Files.mismatch(one, other)).isEqualTo(-1);
  }

  private static TwinRun open(StandInDevice standIn, OptimizerCase of, Launching launching) {
    TwinRun run = new TwinRun(standIn.device(), standIn.stream(), of, launching);
    if (PROPAGATING.contains(of.name())) {
      run.stayFinite();
    }
    return run;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void checkpoint_continuesOnTheOtherSide(OptimizerCase of) throws IOException {
    try (StandInDevice standIn = StandInDevice.open(Mode.LAZY)) {
      try (TwinRun run = open(standIn, of, Launching.KERNELS)) {
        run.gpu.save(file("start"), WEIGHTS);
        for (int t = 0; t < STEPS; t++) {
          run.step(t);
        }
        run.cpu.save(file("cpu"));
        run.gpu.save(file("gpu"));
        run.cpu.save(file("cpu-weights"), WEIGHTS);
        run.gpu.save(file("gpu-weights"), WEIGHTS);
      }
      requireSame(file("cpu"), file("gpu"));
      requireSame(file("cpu-weights"), file("gpu-weights"));

      try (TwinRun run = open(standIn, of, Launching.GRAPH)) {
        run.cpu.load(file("gpu"));
        run.gpu.load(file("cpu"));
        run.compare(); // with the weights of the start
        run.cpu.load(file("gpu-weights"), LoadOptions.strict().withWeights());
        run.gpu.load(file("cpu-weights"), LoadOptions.strict().withWeights());
        run.compare();
        for (int t = STEPS; t < 2 * STEPS; t++) {
          run.step(t);
        }
        run.compare();
        run.cpu.save(file("cpu"));
        run.gpu.save(file("gpu"));
        requireSame(file("cpu"), file("gpu"));

        run.cpu.load(file("start"), LoadOptions.strict().withWeights());
        run.gpu.load(file("start"), LoadOptions.strict().withWeights());
        for (int t = 0; t < 3; t++) {
          run.step(t);
        }
        run.compare();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sparse-keep", "stable-spam"})
  void load_thatFailsChangesNothing(String name) throws IOException {
    OptimizerCase of = OptimizerCase.named(name);
    try (StandInDevice standIn = StandInDevice.open(Mode.LAZY)) {
      saveOther(standIn);
      try (TwinRun run = new TwinRun(standIn.device(), standIn.stream(), of, Launching.GRAPH)) {
        for (int t = 0; t < 3; t++) {
          run.step(t);
        }
        run.gpu.save(file("damaged"), WEIGHTS);
        damage(file("damaged"));
        for (String refused : new String[] {"damaged", "other", "missing"}) {
          Path file = file(refused);
          Throwable expected = catchThrowable(() -> run.cpu.load(file));
          long handles = StandIn.openCount(standIn.device());
          assertThatThrownBy(() -> run.gpu.load(file))
              .hasSameClassAs(expected)
              .hasMessage(expected.getMessage());
          assertThat(StandIn.openCount(standIn.device())).isEqualTo((int) handles);
          run.compare();
          run.step(3);
        }
        run.compare();
      }
    }
  }

  private void saveOther(StandInDevice standIn) throws IOException {
    try (TwinRun run =
        new TwinRun(
            standIn.device(),
            standIn.stream(),
            AdamW.builder().amsgrad(true),
            Twins.SHAPES,
            Launching.KERNELS)) {
      run.gpu.save(file("other"));
    }
  }

  /** Changes the last byte, which is one of the weights. */
  private static void damage(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
  }
}
