package io.spam4j.jmh;

import io.spam4j.cuda.CudaAvailability;
import io.spam4j.cuda.CudaAvailability.Unavailable;
import io.spam4j.cuda.CudaDevice;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.VerboseMode;

/** JMH's own command line; then it tells of arms that this host could not run. */
public final class Main {
  private Main() {}

  /** Takes JMH's arguments. */
  public static void main(String[] arguments) throws IOException {
    org.openjdk.jmh.Main.main(arguments);
    lastLine(CudaDevice.availability(), arguments).ifPresent(System.out::println);
  }

  /** Why results of CUDA are missing, if they are. */
  static Optional<String> lastLine(CudaAvailability availability, String... arguments) {
    return availability instanceof Unavailable none && runsCuda(arguments)
        ? Optional.of(UnavailableArmException.text(none))
        : Optional.empty();
  }

  private static boolean runsCuda(String... arguments) {
    CommandLineOptions options;
    try {
      options = new CommandLineOptions(arguments);
    } catch (CommandLineOptionException e) {
      return false; // JMH has said so
    }
    if (options.shouldHelp()
        || options.shouldList()
        || options.shouldListWithParams()
        || options.shouldListProfilers()
        || options.shouldListResultFormats()) {
      return false;
    }
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    OutputFormat silent = OutputFormatFactory.createFormatInstance(nowhere, VerboseMode.SILENT);
    return BenchmarkList.defaultList()
        .find(silent, options.getIncludes(), options.getExcludes())
        .stream()
        .anyMatch(benchmark -> devices(benchmark, options).contains("cuda"));
  }

  private static Collection<String> devices(
      BenchmarkListEntry benchmark, CommandLineOptions options) {
    Map<String, String[]> parameters = benchmark.getParams().orElse(Map.of());
    String[] declared = parameters.get("device");
    return declared == null
        ? List.of()
        : options.getParameter("device").orElse(Arrays.asList(declared));
  }
}
