package io.spam4j.engine;

import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Resumes every checkpoint {@code CASE STEP from} of a folder and saves {@code CASE STEP to} some
 * steps later. Arguments: the folder, the threads, the steps.
 */
final class ResumeProcess {
  private ResumeProcess() {}

  public static void main(String... args) throws IOException {
    Path folder = Path.of(args[0]);
    int threads = Integer.parseInt(args[1]);
    int steps = Integer.parseInt(args[2]);
    System.out.println("vector bits " + VectorMode.BITS);
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.filter(file -> file.toString().endsWith(" from")).toList();
    }
    for (Path file : files) {
      List<String> words = List.of(file.getFileName().toString().split(" "));
      int stop = Integer.parseInt(words.get(1));
      try (var run = ResumeRun.start(OptimizerCases.named(words.getFirst()), threads)) {
        run.load(file)
            .runTo(stop + steps, stop)
            .save(folder.resolve(words.getFirst() + " " + stop + " to"));
      }
    }
  }
}
