package io.spam4j.cuda.selftest;

import io.spam4j.cuda.CudaAttribute;
import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaException;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.Kernel;
import io.spam4j.cuda.KernelLibrary;
import io.spam4j.cuda.internal.twins.OptimizerCase;
import io.spam4j.cuda.selftest.SelfTestReport.Section;
import io.spam4j.cuda.selftest.SelfTestRows.Found;
import java.util.List;

/**
 * Shows on a host's own GPU that the optimizers work there: that the binding finds what it needs,
 * that every kernel gives the bits of the CPU, that reductions agree with cuBLAS, that checkpoints
 * go from side to side, and how near the updates come to the speed of the GPU's memory.
 *
 * <p>The last is measured and not judged: how many bytes an update moves is known, but not how many
 * a GPU can move besides its other work.
 */
public final class SelfTest {
  private static final long BYTES_OF_WEIGHT = 16; // itself, its gradient and two moments

  private SelfTest() {}

  /**
   * Runs everything, some seconds long.
   *
   * @param device of the current thread; stays open
   * @return what was found, failures of CUDA among it
   * @throws CudaException if not even a stream can be made
   */
  public static SelfTestReport run(CudaDevice device, SelfTestOptions options) {
    return run(device, options, OptimizerCase.ALL);
  }

  static SelfTestReport run(
      CudaDevice device, SelfTestOptions options, List<OptimizerCase> optimizers) {
    try (CudaStream stream = device.stream()) {
      SelfTestOptions fitting =
          options.withWeights(
              Math.clamp(device.memory().free() / (4 * BYTES_OF_WEIGHT), 1, options.weights()));
      return new SelfTestReport(
          List.of(
              binding(device),
              new BitsCheck(device, stream, fitting).run(optimizers),
              new ReductionCheck(device, stream, fitting.weights()).run(),
              new CheckpointCheck(device, stream, fitting.comparedSteps()).run(),
              new BandwidthCheck(device, stream, fitting).run()));
    }
  }

  /** What is there, and whether it can load the kernels. */
  static Section binding(CudaDevice device) {
    SelfTestRows rows = new SelfTestRows();
    rows.add("libcudart", () -> Found.fact(device.library()));
    rows.add("runtime", () -> Found.fact(text(device.runtimeVersion())));
    rows.add("driver", () -> Found.fact(text(device.driverVersion())));
    rows.add("device", () -> Found.fact(device.name()));
    rows.add(
        "compute capability",
        () ->
            Found.fact(
                device.attribute(CudaAttribute.COMPUTE_CAPABILITY_MAJOR)
                    + "."
                    + device.attribute(CudaAttribute.COMPUTE_CAPABILITY_MINOR)));
    rows.add(
        "memory",
        () -> {
          CudaDevice.Memory memory = device.memory();
          return Found.fact("bytes=%d, free=%d".formatted(memory.total(), memory.free()));
        });
    rows.add("kernels", () -> kernels(device, rows));
    return rows.section("binding");
  }

  private static String text(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  private static Found kernels(CudaDevice device, SelfTestRows rows) {
    List<String> names;
    try (KernelLibrary library = device.loadShipped()) {
      names = library.names();
      for (String name : names) {
        rows.add(name, () -> Found.check(true, told(library.kernel(name))));
      }
    }
    return Found.check(!names.isEmpty(), "number=" + names.size());
  }

  private static String told(Kernel kernel) {
    if (kernel.maxThreads() == 0) {
      return "loaded by the driver, which tells nothing of it";
    }
    return "registers=%d, ptx=%s, compiled for=%s, threads at most=%d"
        .formatted(
            kernel.registers(),
            capability(kernel.ptxVersion()),
            capability(kernel.binaryVersion()),
            kernel.maxThreads());
  }

  private static String capability(int version) {
    return version / 10 + "." + version % 10;
  }
}
