package io.spam4j.examples.shell;

import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a measurement was taken on.
 *
 * @param system name, version and architecture of the operating system
 * @param processor its name where Linux tells it, else its architecture
 * @param cores that Java may use
 * @param threads of the engine and the limits, but for what is in cache: that has one
 * @param vectorBits of the engine's vectors; 0 for scalar loops
 * @param java version and vendor
 */
public record Machine(
    String system, String processor, int cores, int threads, int vectorBits, String java) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /** This one. */
  public static Machine here() {
    String system =
        Stream.of("name", "version", "arch")
            .map(of -> System.getProperty("os." + of))
            .reduce((a, b) -> a + " " + b)
            .orElseThrow();
    return new Machine(
        system,
        processorName(),
        Runtime.getRuntime().availableProcessors(),
        OptimizerBuilder.defaultThreads(),
        VectorMode.BITS,
        Runtime.version() + ", " + System.getProperty("java.vendor"));
  }

  /** The processor's name where Linux tells it, else its architecture. */
  public static String processorName() {
    return processorName(CPU_INFO);
  }

  static String processorName(Path cpuInfo) {
    try (Stream<String> lines = Files.lines(cpuInfo)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException notLinux) {
      return System.getProperty("os.arch");
    }
  }
}
