package io.spam4j.cuda.optimizer;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;

/** What a short run without faults comes to on the CPU: the checkpoint after each of its steps. */
final class FaultReference {
  static final int STEPS = 7;

  private static final Map<String, Integer> SIZES =
      new TreeMap<>(Map.of("matrix", 35, "vector", 9, "rare", 6));

  private final List<Path> files = new ArrayList<>();
  private final List<byte[]> checkpoints = new ArrayList<>();

  FaultReference(Supplier<OptimizerBuilder<?>> builder, Path folder) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      List<Parameter> parameters =
          names().stream().map(name -> new Parameter(name, weights(name, arena))).toList();
      try (Optimizer cpu = builder.get().threads(1).build(parameters)) {
        save(cpu, folder);
        for (int t = 1; t <= STEPS; t++) {
          int step = t;
          cpu.step(name -> hasGradient(name, step) ? gradient(name, step, arena) : null);
          save(cpu, folder);
        }
      }
    }
  }

  private void save(Optimizer cpu, Path folder) throws IOException {
    Path file = Files.createTempFile(folder, "reference", null);
    cpu.save(file, SaveOptions.defaults().withWeights());
    files.add(file);
    checkpoints.add(Files.readAllBytes(file));
  }

  /** The names of the parameters. */
  static List<String> names() {
    return List.copyOf(SIZES.keySet());
  }

  /** Whether a parameter has a gradient at a step, from 1. */
  static boolean hasGradient(String name, int step) {
    return !name.equals("rare") || step % 2 == 0;
  }

  /** The weights of the start. */
  static Tensor weights(String name, Arena arena) {
    return gradient(name, 0, arena);
  }

  /** The gradient of a step. */
  static Tensor gradient(String name, int step, Arena arena) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, size(name));
    var random = new Random(31 * name.hashCode() + step);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian() * (i == step ? 100 : 1));
    }
    return tensor;
  }

  static int size(String name) {
    return SIZES.getOrDefault(name, 0);
  }

  /** The checkpoint after a step, with weights. */
  Path file(int step) {
    return files.get(step);
  }

  /** What is in it. */
  byte[] checkpoint(int step) {
    return checkpoints.get(step);
  }
}
