package io.spam4j.cuda;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every optimizer on the stand-in gives the CPU's bits, and the CPU's reports. */
final class CudaOptimizerTest {
  private static final int STEPS = 200;

  private static Stream<Arguments> cases() {
    return OptimizerCase.ALL.stream().map(Arguments::of);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void optimizer_givesTheBitsOfTheCpu(OptimizerCase of) {
    try (StandInDevice standIn = StandInDevice.open(StandInDevice.Mode.LAZY);
        TwinRun run = new TwinRun(standIn.device(), standIn.stream(), of, Launching.KERNELS)) {
      for (int t = 0; t < STEPS; t++) {
        run.step(t);
        if (t % 10 == 9 || t < 10) {
          run.compare();
        }
      }
    }
  }
}
