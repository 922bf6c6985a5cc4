package io.spam4j.examples.lab;

import io.spam4j.engine.MomentFormat;
import io.spam4j.examples.formats.Words;
import io.spam4j.examples.llama.Corpus;
import io.spam4j.examples.llama.Llama;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the lab does; the same settings and data give the same numbers.
 *
 * @param data a file, folder or zip of text
 * @param model a preset of the model: {@code tiny}, {@code small}, {@code 9m}
 * @param steps steps of each run, at least 2
 * @param seed of the initial weights, the batches, the spikes and the choice of files
 * @param optimizers names out of {@link LabOptimizer}, each at most once
 * @param state how they keep their moments between steps
 * @param batch sequences a step, at least 1
 * @param length bytes a sequence, at least 2
 * @param learningRate the peak; it rises over the first tenth of the steps and then falls along a
 *     cosine to a tenth
 * @param spikeRate the share of the steps that get spikes, in [0, 1]
 * @param spikeShare the share of the gradient entries that are spikes in such a step, in [0, 1]
 * @param spikeFactor what a spike is multiplied by, finite
 */
public record LabSettings(
    Path data,
    String model,
    int steps,
    long seed,
    List<String> optimizers,
    MomentFormat state,
    int batch,
    int length,
    double learningRate,
    double spikeRate,
    double spikeShare,
    double spikeFactor) {
  /**
   * Checks everything but the data.
   *
   * @throws IllegalArgumentException if a value is out of its range, a name is unknown, or an
   *     optimizer cannot keep its moments as {@code state} says
   */
  public LabSettings {
    optimizers = List.copyOf(optimizers);
    Llama.Config.preset(model);
    optimizers.forEach(LabOptimizer::of);
    require(!optimizers.isEmpty(), "optimizers must not be empty", "optimizers", optimizers);
    require(
        optimizers.stream().distinct().count() == optimizers.size(),
        "optimizers must differ from each other",
        "optimizers",
        optimizers);
    require(steps >= 2, "steps must be at least 2", "steps", steps);
    require(batch >= 1, "batch must be at least 1", "batch", batch);
    require(length >= 2, "length must be at least 2", "length", length);
    require(
        learningRate > 0 && Double.isFinite(learningRate),
        "learningRate must be positive and finite",
        "learningRate",
        learningRate);
    require(isFraction(spikeRate), "spikeRate must be in [0, 1]", "spikeRate", spikeRate);
    require(isFraction(spikeShare), "spikeShare must be in [0, 1]", "spikeShare", spikeShare);
    require(Double.isFinite(spikeFactor), "spikeFactor must be finite", "spikeFactor", spikeFactor);
    requireState(state, optimizers, model, steps);
  }

  /** The names of all optimizers. */
  public static List<String> allOptimizers() {
    return LabOptimizer.names();
  }

  /**
   * The demo: the sources of the running JDK, the {@code tiny} model, 300 steps of 16 sequences of
   * 128 bytes for each optimizer.
   */
  public static LabSettings defaults() {
    return new LabSettings(
        Corpus.defaultData(),
        "tiny",
        300,
        42,
        LabOptimizer.defaults(),
        MomentFormat.F32,
        16,
        128,
        2e-3,
        0.02,
        0.5,
        1000);
  }

  /** Float32 is a format of every optimizer; for another one the engine is asked. */
  private static void requireState(
      MomentFormat state, List<String> optimizers, String model, int steps) {
    if (state == MomentFormat.F32) {
      return;
    }
    Map<String, long[]> shapes = Llama.Config.preset(model).shapes();
    Map<String, String> obstacles = new LinkedHashMap<>();
    for (String name : optimizers) {
      LabOptimizer.of(name)
          .obstacle(state, shapes, steps)
          .ifPresent(why -> obstacles.put(name, why));
    }
    if (!obstacles.isEmpty()) {
      StringBuilder reasons = new StringBuilder();
      obstacles.forEach((name, why) -> reasons.append("\n  ").append(name + ": " + why));
      throw new IllegalArgumentException(
          "state must be f32 with these optimizers, choose others with --optimizers: state=%s, optimizers=%s%s"
              .formatted(Words.of(state), String.join(",", obstacles.keySet()), reasons));
    }
  }

  private static boolean isFraction(double value) {
    return value >= 0 && value <= 1;
  }

  private static void require(boolean holds, String rule, String name, Object value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + ": " + name + "=" + value);
    }
  }
}
