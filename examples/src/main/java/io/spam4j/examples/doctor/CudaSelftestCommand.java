package io.spam4j.examples.doctor;

import io.spam4j.cuda.CudaAvailability;
import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.selftest.SelfTest;
import io.spam4j.cuda.selftest.SelfTestOptions;
import io.spam4j.cuda.selftest.SelfTestReport;
import io.spam4j.examples.output.Json;
import io.spam4j.examples.shell.Terminal;
import io.spam4j.examples.shell.UsageException;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** Runs the {@link SelfTest} of the CUDA optimizers on the first GPU that is visible. */
@Command(
    name = "cuda-selftest",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Compare what the GPU computes with the CPU, bit for bit: every kernel, every optimizer,"
          + " checkpoints from side to side, reductions also with cuBLAS; and measure how near the"
          + " updates come to the speed of the GPU's memory.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:PASS.",
      "1:FAIL: at least one check failed.",
      "3:There is no GPU that can be used, or, from the ./spam4j script, no JDK 25; the reason is"
          + " printed."
    })
public final class CudaSelftestCommand implements Callable<Integer> {
  /** The exit code where there is no GPU. */
  static final int NO_GPU = 3;

  private final Terminal terminal;
  private final Supplier<CudaAvailability> availability;
  private final Function<SelfTestOptions, SelfTestReport> selfTest;

  @Option(
      names = "--weights",
      paramLabel = "N",
      description =
          "Weights of the updates that are timed; fewer where they do not fit a quarter of the free"
              + " memory (default: ${DEFAULT-VALUE}).")
  private long weights = SelfTestOptions.defaults().weights();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps that are timed (default: ${DEFAULT-VALUE}).")
  private int steps = SelfTestOptions.defaults().steps();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  public CudaSelftestCommand(Terminal terminal) {
    this(terminal, CudaDevice::availability, CudaSelftestCommand::run);
  }

  CudaSelftestCommand(
      Terminal terminal,
      Supplier<CudaAvailability> availability,
      Function<SelfTestOptions, SelfTestReport> selfTest) {
    this.terminal = terminal;
    this.availability = availability;
    this.selfTest = selfTest;
  }

  private static SelfTestReport run(SelfTestOptions options) {
    try (CudaDevice device = CudaDevice.open(0)) {
      return SelfTest.run(device, options);
    }
  }

  /** What {@code --json} prints. */
  private record Result(String verdict, SelfTestReport report) {}

  @Override
  public Integer call() throws IOException {
    SelfTestOptions options = options();
    if (availability.get() instanceof CudaAvailability.Unavailable(String reason, String hint)) {
      terminal.err().println("spam4j: no GPU can be used: " + reason);
      terminal.err().println("  " + hint);
      return NO_GPU;
    }
    SelfTestReport report = selfTest.apply(options);
    if (json) {
      terminal.out().println(Json.indented(new Result(report.verdict(), report)));
    } else {
      terminal.out().print(report.text());
    }
    terminal.out().flush();
    return report.passed() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private SelfTestOptions options() {
    try {
      return SelfTestOptions.defaults().withWeights(weights).withSteps(steps);
    } catch (IllegalArgumentException wrong) {
      throw new UsageException(String.valueOf(wrong.getMessage()));
    }
  }
}
