package io.spam4j.jmh;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/** One tensor, its gradient and a dense SPAM step on them: what other work is timed against. */
final class Contest implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final Tensor weights;
  private final Gradients gradients;
  private final Optimizer spam;
  private final int threads;

  /**
   * Allocates everything; the gradient stays the same from step to step.
   *
   * @param threads 0 for all processors
   */
  Contest(long elements, int threads) {
    this.threads = threads == 0 ? OptimizerBuilder.defaultThreads() : threads;
    weights = Tensor.allocate(arena, DType.F32, elements);
    Tensor gradient = Tensor.allocate(arena, DType.F32, elements);
    Philox random = Philox.stream(1, "benchmark", 0);
    for (long i = 0; i < elements; i++) {
      gradient.setFloat(i, random.uniform(i) - 0.5f);
    }
    gradients = _ -> gradient;
    spam = Spam.builder().threads(this.threads).build(parameters());
  }

  int threads() {
    return threads;
  }

  Tensor weights() {
    return weights;
  }

  List<Parameter> parameters() {
    return List.of(new Parameter("w", weights));
  }

  Gradients gradients() {
    return gradients;
  }

  /** Does a dense SPAM step and returns its nanoseconds. */
  long step() {
    return spam.step(gradients).nanos();
  }

  @Override
  public void close() {
    spam.close();
    arena.close();
  }
}
