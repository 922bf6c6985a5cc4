package io.spam4j.engine;

import io.spam4j.tensors.IndexMask;
import io.spam4j.tensors.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Changes the weights of its parameters, in place, once a step. Made by a builder such as {@link
 * Spam}, which finds everything that can be wrong before training starts.
 *
 * <p>An optimizer owns its state (off-heap, freed by {@link #close}) and nothing else. After an
 * exception from {@link #step} the weights, moments and counters are what they were before the
 * call; only an Error of a {@link StepListener} comes after a complete step. It is not safe for
 * concurrent use: one step at a time.
 */
public interface Optimizer extends AutoCloseable {
  /**
   * Does one step. After warm-up it allocates nothing on the Java heap, but for a few hundred bytes
   * a tensor where a reset draws new masks.
   *
   * @return what happened: one object for the life of the optimizer, overwritten by the next step
   * @throws IllegalArgumentException if a gradient has another type or shape than its weights, its
   *     memory overlaps weights, or its arena admits only a thread that the step does not run on
   * @throws NonFiniteGradientException with {@link NonFinitePolicy#THROW}, if a gradient holds NaN
   *     or Inf; with the policies that skip, if too many steps in a row met such gradients, see
   *     {@link OptimizerBuilder#stopAfterNonFinite}
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
   * A parameter's state tensors by their names in files, such as {@code exp_avg} and {@code
   * exp_avg_sq}: the live memory, valid until {@link #close} or, where only some weights have
   * moments, until the next reset. Moments have the weights' shape or, of a sparse selection, one
   * element for each selected weight in ascending order.
   *
   * @throws IllegalArgumentException if there is no such parameter
   */
  SequencedMap<String, Tensor> state(String parameter);

  /**
   * The history that gradient transforms keep of a parameter, such as {@code m_max_t}, {@code
   * m_norm_t} and {@code v_norm_t} of Stable-SPAM; empty if they keep none. Of transforms that have
   * a name in common the last has it as it is, the one before it with {@code .1} behind, and so on.
   *
   * @throws IllegalArgumentException if there is no such parameter
   */
  Map<String, Double> scalars(String parameter);

  /**
   * Which weights of a parameter have moments, until the next reset; empty if all have.
   *
   * @throws IllegalArgumentException if there is no such parameter
   */
  Optional<IndexMask> mask(String parameter);

  /**
   * A parameter's first moment (m in the papers, {@code exp_avg} in files); see {@link #state}.
   *
   * @throws IllegalArgumentException if there is no such parameter, or the optimizer keeps none
   */
  default Tensor firstMoment(String parameter) {
    return state(parameter, "exp_avg");
  }

  /**
   * A parameter's second moment (v in the papers, {@code exp_avg_sq} in files); see {@link #state}.
   *
   * @throws IllegalArgumentException if there is no such parameter, or the optimizer keeps none
   */
  default Tensor secondMoment(String parameter) {
    return state(parameter, "exp_avg_sq");
  }

  private Tensor state(String parameter, String name) {
    Tensor tensor = state(parameter).get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "the optimizer keeps no such state: state=%s, keeps=%s"
              .formatted(name, state(parameter).keySet()));
    }
    return tensor;
  }

  /** The off-heap bytes that this optimizer holds. */
  MemoryReport memory();

  /** Frees the state; closing again does nothing. */
  @Override
  void close();
}
