package io.spam4j.examples.doctor;

import com.sun.management.OperatingSystemMXBean;
import io.spam4j.cuda.CudaAvailability;
import io.spam4j.cuda.CudaDevice;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.roofline.Roofline;
import io.spam4j.examples.output.Quantities;
import io.spam4j.examples.shell.Machine;
import io.spam4j.examples.shell.Terminal;
import io.spam4j.examples.shell.Version;
import io.spam4j.javacpp.pytorch.TorchLibraries;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** Says what spam4j found on this machine, and why not what it did not find. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Print what spam4j found on this machine: Java, processor, vector width, CUDA, libtorch, and how"
          + " near the fused update comes to the speed of memory.",
      "",
      "Exits with 1 if the demo cannot run here."
    })
public final class DoctorCommand implements Callable<Integer> {
  private static final int ROUNDS = 15;

  @Option(
      names = "--weights",
      paramLabel = "N",
      defaultValue = "67108864",
      description = "Size of the update that is timed, 16 bytes each (default: ${DEFAULT-VALUE}).")
  private long weights;

  private final Terminal terminal;

  public DoctorCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    java();
    machine();
    kernels();
    cuda();
    boolean torch = libtorch();
    memory();
    terminal.out().flush();
    return torch ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private void java() {
    title("spam4j " + Version.ofSpam4j());
    fact("java", Runtime.version() + ", " + System.getProperty("java.vendor"));
    fact("java home", System.getProperty("java.home"));
    fact("heap limit", Quantities.bytes(Runtime.getRuntime().maxMemory()));
  }

  private void machine() {
    title("machine");
    fact(
        "system",
        Stream.of("name", "version", "arch")
            .map(of -> System.getProperty("os." + of))
            .reduce((a, b) -> a + " " + b)
            .orElseThrow());
    fact("processor", Machine.processorName());
    fact("cores", String.valueOf(Runtime.getRuntime().availableProcessors()));
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
      fact(
          "memory",
          Quantities.bytes(system.getTotalMemorySize())
              + ", free "
              + Quantities.bytes(system.getFreeMemorySize()));
    }
  }

  private void kernels() {
    title("kernels");
    boolean module = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    fact(
        "vector module",
        module ? "present" : "absent: start Java with --add-modules=jdk.incubator.vector");
    fact(
        "vectors",
        VectorMode.VECTORS
            ? VectorMode.BITS + " bits, " + VectorMode.BITS / Float.SIZE + " floats"
            : "none, kernels run scalar");
    fact("threads", OptimizerBuilder.defaultThreads() + " (spam4j.threads)");
  }

  private void memory() {
    title("memory bandwidth, " + weights + " float32 weights, median of " + ROUNDS);
    terminal.out().flush(); // what follows takes seconds
    Roofline roofline = Roofline.measure(weights, OptimizerBuilder.defaultThreads(), ROUNDS);
    fact(
        "limit",
        "%.1f ms, %.1f GB/s: 4 streams read, 3 written, nothing computed"
            .formatted(roofline.limitNanos() / 1e6, roofline.limitBandwidth()));
    fact(
        "spam step",
        "%.1f ms, %.1f GB/s".formatted(roofline.stepNanos() / 1e6, roofline.stepBandwidth()));
    fact("step / limit", "%.3f".formatted(roofline.ratio()));
    SlowStep.ofThisProcess().warning(roofline).ifPresent(warning -> fact("warning", warning));
  }

  private void cuda() {
    title("cuda");
    switch (CudaDevice.availability()) {
      case CudaAvailability.Available cuda -> {
        fact("devices", String.valueOf(cuda.devices()));
        fact("runtime", cudaVersion(cuda.runtimeVersion()));
        fact("driver", "for CUDA up to " + cudaVersion(cuda.driverVersion()));
      }
      case CudaAvailability.Unavailable none -> {
        fact("devices", "none: " + none.reason());
        fact("", none.hint());
      }
    }
  }

  /** CUDA writes 12.4 as 12040. */
  static String cudaVersion(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  private boolean libtorch() {
    title("adapters");
    long start = System.nanoTime();
    try {
      TorchLibraries.load();
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      fact(
          "javacpp-pytorch",
          "libtorch "
              + Loader.getVersion("org.bytedeco", "pytorch")
              + ", "
              + torch.get_num_threads()
              + " threads, loaded in "
              + took.toMillis()
              + " ms");
      return true;
    } catch (IOException unversioned) {
      fact("javacpp-pytorch", "libtorch of an unknown version: " + unversioned.getMessage());
      return true;
    } catch (UnsatisfiedLinkError | NoClassDefFoundError missing) {
      fact("javacpp-pytorch", "libtorch does not load: " + missing.getMessage());
      return false;
    }
  }

  private void title(String title) {
    terminal.out().println(title);
  }

  private void fact(String name, String value) {
    terminal.out().printf("  %-16s %s%n", name, value);
  }
}
