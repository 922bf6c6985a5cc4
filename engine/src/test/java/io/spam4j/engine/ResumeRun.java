package io.spam4j.engine;

import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** A run that can be stopped and resumed, because its gradients depend on the step alone. */
@SuppressWarnings("exports") // tests are no module
public final class ResumeRun implements AutoCloseable {
  /** As the files in checkpoints/v1 have it. */
  private static final int RESET_INTERVAL = 50;

  /** A matrix, a vector, a batch of matrices, a scalar, and one that often has no gradient. */
  private static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("matrix", new long[] {37, 29});
    SHAPES.put("vector", new long[] {67});
    SHAPES.put("batch", new long[] {3, 5, 7});
    SHAPES.put("scalar", new long[] {});
    SHAPES.put("rare", new long[] {4, 10});
  }

  /** Gradients are pieces of this. */
  private static final float[] DRAWN = Runs.draw(new Random(2), 10_007, 300);

  private final Arena arena = Arena.ofShared();
  private final Map<String, Tensor> gradients = new HashMap<>();
  public final Optimizer optimizer;

  private final DType dtype;

  /** Every optimizer that goes on when gradients are not finite: here some are not. */
  public static List<OptimizerCase> cases() {
    return OptimizerCases.all().filter(one -> !one.has(Trait.THROWS)).toList();
  }

  /** A run that has done no step. */
  public static ResumeRun start(OptimizerCase one, int threads) {
    return new ResumeRun(one.dtype(), one.builder(RESET_INTERVAL).threads(threads));
  }

  private ResumeRun(DType dtype, OptimizerBuilder<?> builder) {
    this.dtype = dtype;
    var random = new Random(1);
    optimizer =
        builder.build(
            SHAPES.entrySet().stream()
                .map(shape -> parameter(shape.getKey(), shape.getValue(), random))
                .toList());
  }

  private Parameter parameter(String name, long[] shape, Random random) {
    Tensor weights = Tensor.allocate(arena, dtype, shape);
    gradients.put(name, Tensor.allocate(arena, dtype, shape));
    float[] values = Runs.draw(random, (int) weights.elements(), 1_000_000);
    Halves.set(weights, values);
    return new Parameter(name, weights);
  }

  /** Goes on to a step, with spikes, gradients that are not finite and some that are missing. */
  public ResumeRun runTo(long step, long attemptsBefore) {
    for (long t = attemptsBefore; t < step; t++) {
      long place = t * 7919;
      for (String name : SHAPES.keySet()) {
        Tensor gradient = gradient(name);
        int from = (int) (place % (DRAWN.length - gradient.elements()));
        float[] values = Arrays.copyOfRange(DRAWN, from, from + (int) gradient.elements());
        if (t % 11 == 3 && name.equals("vector")) {
          values[5] = Float.NaN;
        }
        Halves.set(gradient, values);
        place += gradient.elements();
      }
      long now = t;
      optimizer.step(name -> name.equals("rare") && now % 13 != 4 ? null : gradient(name));
    }
    return this;
  }

  private Tensor gradient(String name) {
    return Objects.requireNonNull(gradients.get(name));
  }

  public ResumeRun load(Path file) throws IOException {
    optimizer.load(file, LoadOptions.strict().withWeights());
    return this;
  }

  public ResumeRun save(Path file) throws IOException {
    optimizer.save(file, SaveOptions.defaults().withWeights());
    return this;
  }

  @Override
  public void close() {
    optimizer.close();
    arena.close();
  }
}
