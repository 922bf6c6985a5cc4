package io.spam4j.examples.lab;

import java.nio.file.Path;
import java.util.List;

public record LabSettings(
    Path data,
    String model,
    int steps,
    long seed,
    List<String> optimizers,
    int batch,
    int length,
    double learningRate,
    double spikeRate,
    double spikeShare,
    double spikeFactor) {
  public static LabSettings defaults() {
    return new LabSettings(
        Path.of("data"),
        "tiny",
        400,
        1,
        List.of("adamw", "adamw-clip", "spam", "spam-noreset"),
        8,
        128,
        1e-3,
        0.02,
        0.5,
        1000);
  }
}
