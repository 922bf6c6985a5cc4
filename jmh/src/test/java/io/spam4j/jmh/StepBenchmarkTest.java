package io.spam4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.CudaAvailability.Available;
import io.spam4j.cuda.CudaAvailability.Unavailable;
import io.spam4j.cuda.CudaDevice;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Param;

/** The benchmark of steps does steps, and says where it cannot. */
final class StepBenchmarkTest {
  private static final Unavailable NONE = new Unavailable("the reason", "the remedy");
  private static final String LINE = "cuda arm unavailable: the reason; the remedy";

  static String[] optimizers() throws NoSuchFieldException {
    return StepBenchmark.class.getDeclaredField("optimizer").getAnnotation(Param.class).value();
  }

  private static void runTwoSteps(String device, String optimizer) {
    var benchmark = new StepBenchmark();
    benchmark.device = device;
    benchmark.optimizer = optimizer;
    benchmark.weights = 40_000;
    benchmark.setUp();
    var bandwidth = new Bandwidth();
    bandwidth.clear();
    assertThat(benchmark.step(bandwidth).step()).isEqualTo(1);
    assertThat(benchmark.step(bandwidth).step()).isEqualTo(2);
    assertThat(bandwidth.gigabytesPerSecond()).isPositive().isFinite();
    benchmark.tearDown();
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void cpu_steps(String optimizer) {
    runTwoSteps("cpu", optimizer);
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void cuda_steps(String optimizer) {
    Assumptions.assumeTrue(
        CudaDevice.availability() instanceof Available, "this host has no GPU to step on");
    runTwoSteps("cuda", optimizer);
  }

  @Test
  void cuda_withoutAGpuSaysWhy() {
    assertThatThrownBy(() -> StepArm.requireCuda(NONE))
        .isInstanceOf(UnavailableArmException.class)
        .hasMessage(LINE)
        .satisfies(e -> assertThat(e.getStackTrace()).isEmpty());
    if (CudaDevice.availability() instanceof Unavailable here) {
      assertThatThrownBy(() -> runTwoSteps("cuda", "spam"))
          .hasMessage("cuda arm unavailable: %s; %s", here.reason(), here.hint());
    }
  }

  @Test
  void device_unknown() {
    assertThatThrownBy(() -> runTwoSteps("tpu", "spam")).hasMessage("no such device: device=tpu");
  }

  @Test
  void lastLine_onlyWhereACudaArmWasAskedFor() {
    assertThat(Main.lastLine(NONE)).contains(LINE);
    assertThat(Main.lastLine(NONE, "StepBenchmark")).contains(LINE);
    assertThat(Main.lastLine(NONE, "StepBenchmark", "-p", "device=cuda")).contains(LINE);
    assertThat(Main.lastLine(NONE, "StepBenchmark", "-p", "device=cpu")).isEmpty();
    assertThat(Main.lastLine(NONE, "MaskBenchmark", "-p", "device=cuda")).isEmpty();
    assertThat(Main.lastLine(NONE, "-e", "StepBenchmark")).isEmpty();
    assertThat(Main.lastLine(NONE, "-l")).isEmpty();
    assertThat(Main.lastLine(NONE, "--no-such-option")).isEmpty();
    assertThat(Main.lastLine(new Available(1, 13000, 13000), "StepBenchmark")).isEmpty();
  }
}
