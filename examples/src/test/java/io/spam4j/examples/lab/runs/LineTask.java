package io.spam4j.examples.lab.runs;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.examples.lab.protocol.RunSettings;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/** A model of one's own: eight weights that learn a line through noisy points. */
public final class LineTask implements Task {
  private static final int WEIGHTS = 8;
  private static final int POINTS = 16;

  @Override
  public Map<String, String> settings() {
    return Map.of("task.text", "line", "task.points", Integer.toString(POINTS));
  }

  @Override
  public boolean isProjection(String parameter) {
    return parameter.equals("slope");
  }

  @Override
  public TaskModel open(RunSettings run, Executor helper) {
    return new Line(run.count(RunSettings.SEED));
  }

  private static final class Line implements TaskModel {
    private final Arena arena = Arena.ofShared();
    private final Tensor weights = Tensor.allocate(arena, DType.F32, WEIGHTS);
    private final Tensor gradient = Tensor.allocate(arena, DType.F32, WEIGHTS);
    private final long seed;

    Line(long seed) {
      this.seed = seed;
    }

    @Override
    public List<Parameter> parameters() {
      return List.of(new Parameter("slope", weights));
    }

    @Override
    public Gradients gradients() {
      return Gradients.of(Map.of("slope", gradient));
    }

    @Override
    public double backward(int step) {
      return loss(Philox.stream(seed, "batch", step), true);
    }

    @Override
    public double loss(Part part) {
      return loss(Philox.stream(0, part.name(), 0), false);
    }

    private double loss(Philox random, boolean learns) {
      double sum = 0;
      float[] slope = new float[WEIGHTS];
      for (int i = 0; i < POINTS; i++) {
        double error = 0.01 * random.gaussian((long) i * (WEIGHTS + 1) + WEIGHTS);
        float[] x = new float[WEIGHTS];
        for (int j = 0; j < WEIGHTS; j++) {
          x[j] = (float) random.gaussian((long) i * (WEIGHTS + 1) + j);
          error += x[j] * (weights.getFloat(j) - 1);
        }
        sum += error * error / POINTS;
        for (int j = 0; j < WEIGHTS; j++) {
          slope[j] += (float) (2 * error * x[j] / POINTS);
        }
      }
      for (int j = 0; learns && j < WEIGHTS; j++) {
        gradient.setFloat(j, slope[j]);
      }
      return sum;
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
