package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import java.util.List;

/**
 * Changes the weights of its parameters, in place, once a step. Made by a builder ({@link Spam},
 * {@link AdamW}, {@link Adam}), which finds everything that can be wrong before training starts.
 *
 * <p>An optimizer owns its moments (off-heap, freed by {@link #close}) and nothing else. After an
 * exception from {@link #step} the weights, moments and counters are what they were before the
 * call. It is not safe for concurrent use: one step at a time.
 */
public interface Optimizer extends AutoCloseable {
  /**
   * Does one step. After warm-up it allocates nothing on the Java heap.
   *
   * @return what happened: one object for the life of the optimizer, overwritten by the next step
   * @throws IllegalArgumentException if a gradient has another type or shape than its weights, its
   *     memory overlaps weights, or its arena admits only a thread that the step does not run on
   * @throws NonFiniteGradientException with {@link NonFinitePolicy#THROW}, if a gradient holds NaN
   *     or Inf
   * @throws IllegalStateException if the optimizer is closed, or memory it needs has been freed
   */
  StepReport step(Gradients gradients);

  /** The parameters, in the order they were given. */
  List<Parameter> parameters();

  /**
   * The steps done since the start; steps skipped by {@link NonFinitePolicy#SKIP_STEP} excluded.
   */
  long stepCount();

  /**
   * A parameter's first moment (m in the papers, {@code exp_avg} in files), of the weights' shape:
   * the live memory, valid until {@link #close}.
   *
   * @throws IllegalArgumentException if there is no such parameter
   */
  Tensor firstMoment(String parameter);

  /**
   * A parameter's second moment (v in the papers, {@code exp_avg_sq} in files), of the weights'
   * shape: the live memory, valid until {@link #close}.
   *
   * @throws IllegalArgumentException if there is no such parameter
   */
  Tensor secondMoment(String parameter);

  /** The off-heap bytes that this optimizer holds. */
  MemoryReport memory();

  /** Frees the moments; closing again does nothing. */
  @Override
  void close();
}
