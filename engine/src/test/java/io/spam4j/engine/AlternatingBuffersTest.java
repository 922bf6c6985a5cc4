package io.spam4j.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Readiness;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gradients that lie somewhere else in each step cost no garbage. */
final class AlternatingBuffersTest {
  private static final int PARAMETERS = 20;
  private static final int N = 50;

  private static Tensor tensor(Arena arena, boolean onHeap) {
    return onHeap ? Tensor.of(new float[N], N) : Tensor.allocate(arena, DType.F32, N);
  }

  /** In a process that does nothing else: what it compiles does not depend on other tests. */
  @ParameterizedTest
  @CsvSource({"true, 2", "true, 7", "false, 2"})
  void step_allocatesNothing(boolean onHeap, int buffers) throws IOException, InterruptedException {
    Process process =
        ChildProcess.of(
                List.of("-D" + Readiness.PROPERTY + "=false"),
                AlternatingBuffersTest.class,
                Boolean.toString(onHeap),
                Integer.toString(buffers))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(output).isEqualTo("bytes=0");
  }

  /** Steps until 20 of them allocate nothing, and prints what the last 20 did. */
  public static void main(String[] args) {
    boolean onHeap = Boolean.parseBoolean(args[0]);
    int buffers = Integer.parseInt(args[1]);
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Arena arena = Arena.ofShared()) {
      List<Parameter> parameters = new ArrayList<>();
      List<Gradients> turns = new ArrayList<>();
      for (int i = 0; i < PARAMETERS; i++) {
        parameters.add(new Parameter("p" + i, tensor(arena, onHeap)));
      }
      for (int turn = 0; turn < buffers; turn++) {
        Map<String, Tensor> byName = new HashMap<>();
        for (int i = 0; i < PARAMETERS; i++) {
          byName.put("p" + i, tensor(arena, onHeap));
        }
        turns.add(Gradients.of(byName));
      }
      try (Optimizer optimizer = Adam.builder().threads(1).build(parameters)) {
        long allocated = 1;
        // Allocation ends when the compiler is done with the step; that is a matter of calls.
        for (int round = 0; round < 30_000 && allocated > 0; round++) {
          long before = threads.getCurrentThreadAllocatedBytes();
          for (int step = 0; step < 20; step++) {
            optimizer.step(turns.get(step % buffers));
          }
          allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        System.out.print("bytes=" + allocated);
      }
    }
  }
}
