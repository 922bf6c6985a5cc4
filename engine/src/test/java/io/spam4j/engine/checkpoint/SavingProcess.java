package io.spam4j.engine.checkpoint;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Saves the same run again and again, one step further each time, and prints each step when it is
 * saved. Arguments: the file, and how many steps to do at most.
 */
final class SavingProcess {
  private static final int WEIGHTS = 60_000; // 720 kB a file
  private static final int STEPS = 200;

  private SavingProcess() {}

  public static void main(String... args) throws IOException {
    Path file = Path.of(args[0]);
    int steps = args.length > 1 ? Integer.parseInt(args[1]) : STEPS;
    run(
        steps,
        (optimizer, step) -> {
          optimizer.save(file, SaveOptions.defaults().withWeights());
          System.out.println(step);
        });
  }

  /** What the tensors of the file have for checksums after each step. */
  static List<String> checksums() throws IOException {
    Path file = Files.createTempFile("checksums", ".safetensors");
    List<String> checksums = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      run(
          STEPS,
          (optimizer, _) -> {
            optimizer.save(file, SaveOptions.defaults().withWeights());
            checksums.add(Checkpoint.open(file, arena).checksums().toString());
          });
    } finally {
      Files.delete(file);
    }
    return checksums;
  }

  private interface Saver {
    void save(Optimizer optimizer, int step) throws IOException;
  }

  private static void run(int steps, Saver saver) throws IOException {
    Tensor weights = Tensor.of(new float[WEIGHTS], WEIGHTS);
    Tensor gradient = Tensor.of(new float[WEIGHTS], WEIGHTS);
    try (Optimizer optimizer =
        Spam.builder().threads(1).resetInterval(40).build(List.of(new Parameter("w", weights)))) {
      for (int step = 0; step <= steps; step++) {
        if (step > 0) {
          for (int i = step; i < WEIGHTS; i += 97) {
            gradient.setFloat(i, (i * 31 + step) % 17 - 8);
          }
          optimizer.step(_ -> gradient);
        }
        saver.save(optimizer, step);
      }
    }
  }
}
