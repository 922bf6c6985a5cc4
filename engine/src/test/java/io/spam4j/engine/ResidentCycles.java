package io.spam4j.engine;

import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A program of its own, whose heap is all resident from the start: opens optimizers, steps and
 * closes them, and prints by how many bytes the process grew in a cycle, on average.
 */
final class ResidentCycles {
  private static final int WARM_UPS = 20;
  private static final int CYCLES = 100;
  private static final long DENSE = 1 << 20;
  private static final long SPARSE = 1 << 21; // half of them have moments

  private ResidentCycles() {}

  public static void main(String[] args) throws IOException {
    boolean leaks = args.length > 0;
    long start = 0;
    try (var arena = Arena.ofShared()) {
      Tensor dense = Tensor.allocate(arena, DType.F32, DENSE);
      Tensor sparse = Tensor.allocate(arena, DType.F32, SPARSE);
      Gradients gradients =
          Gradients.of(
              Map.of(
                  "dense", Tensor.allocate(arena, DType.F32, DENSE),
                  "sparse", Tensor.allocate(arena, DType.F32, SPARSE)));
      var builder =
          Spam.builder().resetInterval(2).threads(2).group("sparse", group -> group.density(0.5));
      for (int cycle = 0; cycle < WARM_UPS + CYCLES; cycle++) {
        if (cycle == WARM_UPS) {
          start = residentBytes();
        }
        Optimizer optimizer =
            builder.build(List.of(new Parameter("dense", dense), new Parameter("sparse", sparse)));
        optimizer.step(gradients);
        optimizer.step(gradients); // draws a new selection
        if (optimizer.memory().moments() < 16L << 20) {
          throw new AssertionError(optimizer.memory());
        }
        if (!leaks) {
          optimizer.close();
        }
      }
      System.out.println((residentBytes() - start) / CYCLES);
    }
  }

  private static long residentBytes() throws IOException {
    String kibibytes =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .findFirst()
            .orElseThrow()
            .replaceAll("[^0-9]", "");
    return Long.parseLong(kibibytes) << 10;
  }
}
