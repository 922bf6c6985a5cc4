package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.StandIn;
import io.spam4j.cuda.internal.twins.OptimizerCase;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Opening, stepping and closing again and again leaves nothing behind. */
final class CudaCyclesTest {
  private static final int CYCLES = 1000;
  private static final Map<String, long[]> SHAPES =
      Map.of("matrix", new long[] {3, 5}, "vector", new long[] {20});

  @Test
  void cycles_leaveTheDeviceAsItWas() {
    StandIn standIn = StandIn.load();
    for (int cycle = 0; cycle < CYCLES; cycle++) {
      OptimizerCase of = OptimizerCase.ALL.get(cycle % OptimizerCase.ALL.size());
      Launching launching = cycle % 2 == 0 ? Launching.GRAPH : Launching.KERNELS;
      try (CudaDevice device = standIn.open();
          CudaStream stream = device.stream()) {
        long handles = standIn.liveHandles();
        try (var run = new TwinRun(device, stream, of.builder().get(), SHAPES, launching)) {
          run.step(_ -> true);
          run.step(_ -> true);
        }
        assertThat(standIn.liveHandles()).as("handles after %s", of).isEqualTo(handles);
        assertThat(StandIn.openCount(device)).isEqualTo((int) handles);
      }
      assertThat(standIn.liveHandles()).as("handles after %s", of).isZero();
      assertThat(standIn.liveBytes()).as("bytes after %s", of).isZero();
    }
  }
}
