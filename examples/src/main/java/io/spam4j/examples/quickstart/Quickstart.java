package io.spam4j.examples.quickstart;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/** Minimises |w - target|^2 over a million weights, with a gradient spike every 50 steps. */
public final class Quickstart {
  private Quickstart() {}

  /** Runs it. */
  public static void main(String[] arguments) {
    System.out.printf("mean error %.4f%n", run(1_000_000, 400));
  }

  // README: begin
  static double run(int n, int steps) {
    try (Arena arena = Arena.ofShared()) { // your memory: off-heap here, float[] works too
      Tensor weights = Tensor.allocate(arena, DType.F32, n);
      Tensor gradient = Tensor.allocate(arena, DType.F32, n);
      Gradients gradients = Gradients.of(Map.of("w", gradient));
      Spam.Builder spam =
          Spam.builder()
              .learningRate(Schedule.warmupCosine(5e-2, 40, steps, 0.1))
              .resetInterval(100)
              .rewarmSteps(15);
      try (Optimizer optimizer = spam.build(List.of(new Parameter("w", weights)))) {
        for (int step = 0; step < steps; step++) {
          float spike = step % 50 == 30 ? 1000 : 1;
          for (int i = 0; i < n; i++) { // your backward pass
            gradient.setFloat(i, spike * 2 * (weights.getFloat(i) - target(i)));
          }
          StepReport report = optimizer.step(gradients); // changes the weights in place
          if (report.spikes() > 0) {
            System.out.printf("step %d: %d spikes clipped%n", report.step(), report.spikes());
          }
        }
      }
      return meanError(weights);
    }
  }

  // README: end

  private static float target(int i) {
    return i % 7 - 3;
  }

  private static double meanError(Tensor weights) {
    double sum = 0;
    for (int i = 0; i < weights.elements(); i++) {
      sum += Math.abs(weights.getFloat(i) - target(i));
    }
    return sum / weights.elements();
  }
}
