package io.spam4j.engine;

import io.spam4j.engine.checkpoint.CheckpointFormatException;
import io.spam4j.engine.checkpoint.CheckpointMismatchException;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Changes the weights of its parameters, in place, once a step. Made by a builder such as {@link
 * io.spam4j.engine.optimizers.Spam}, which finds everything that can be wrong before training
 * starts.
 *
 * <p>An optimizer owns its state (off-heap, freed by {@link #close}) and nothing else. After an
 * exception from {@link #step} the weights, moments and counters are what they were before the
 * call, and the step can be repeated, with two exceptions. What a {@link StepListener} throws, as a
 * {@link StepListenerException} or an Error, comes after a complete step. And a step that breaks
 * off in the middle (its memory goes away, the stack ends) leaves part of itself: then steps and
 * saves are refused until {@link #load} has succeeded. It is not safe for concurrent use: a step,
 * save or load that starts while another runs, on any thread, is refused, and so is closing; what a
 * step changes must not be read meanwhile.
 */
public interface Optimizer extends AutoCloseable {
  /**
   * Does one step. After warm-up it allocates nothing on the Java heap, but for a few hundred bytes
   * a tensor where a reset draws new masks, and for what the {@link Gradients} themselves leave
   * when they are asked; docs/performance.md names a format of which some processors' compiled code
   * makes more.
   *
   * @return what happened: one object for the life of the optimizer, overwritten by the next step
   * @throws IllegalArgumentException if a gradient has another type or shape than its weights, its
   *     memory overlaps weights or is the optimizer's own, its arena admits only a thread that the
   *     step does not run on, or its name is no parameter's ({@link Gradients#names}); or if a
   *     schedule gives a learning rate that is none
   * @throws NonFiniteGradientException with {@link NonFinitePolicy#THROW}, if a gradient holds NaN
   *     or Inf; with the policies that skip, if too many steps in a row met such gradients, see
   *     {@link io.spam4j.engine.optimizers.OptimizerBuilder#stopAfterNonFinite}
   * @throws IllegalStateException if the optimizer is closed, a step is running, listeners are told
   *     of one, memory it needs has been freed, a step or load has broken off, or weights have
   *     moved ({@link Parameter#inPlace})
   * @throws StepListenerException if the step is complete and a listener failed
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
   * element for each selected weight in ascending order. They are of the types that {@link
   * io.spam4j.engine.optimizers.MomentBuilder#moments} says; docs/checkpoints.md tells what else is
   * there in other formats than F32.
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

  /**
   * Saves all that the rest of a run depends on, but for weights: state, selections, counters,
   * histories of transforms, settings, hyper-parameters, the seed.
   *
   * @see #save(Path, SaveOptions)
   */
  default void save(Path file) throws IOException {
    save(file, SaveOptions.defaults());
  }

  /**
   * Saves a checkpoint: one safetensors file, which docs/checkpoints.md describes. A file of that
   * name is replaced in one step: after a crash or with a full disk the old one is still there,
   * whole. Its mode is kept, and its owner and group where that is permitted; a symbolic link is
   * replaced, not followed. Others may save to the same folder, or file, at the same time. The same
   * state gives the same bytes. Not to be called while a step runs; weights that another thread
   * writes to meanwhile are saved as some mixture of old and new.
   *
   * @throws IOException if the file cannot be written, or something is there that is no file
   * @throws IllegalArgumentException if a note is not valid Unicode, or names and notes need more
   *     than 2^30 bytes in all
   * @throws IllegalStateException if the optimizer is closed, a step or load has broken off, or
   *     state, or weights that are to be saved, are not finite, unless the policy is {@link
   *     NonFinitePolicy#PROPAGATE}: no run could go on from them
   */
  void save(Path file, SaveOptions options) throws IOException;

  /**
   * Continues from a checkpoint that must fit in everything.
   *
   * @see #load(Path, LoadOptions)
   */
  default LoadReport load(Path file) throws IOException {
    return load(file, LoadOptions.strict());
  }

  /**
   * Continues from a checkpoint: the next steps give the same bits as if the run had not stopped,
   * at any number of threads and any vector width, provided that the weights are those of that
   * moment ({@link LoadOptions#withWeights}) and schedules, partitions and sources of selections,
   * which are the caller's code, are the same. After an exception nothing has changed: until the
   * end there is memory for a copy of what is replaced, the state and the weights that are loaded,
   * but for tensors that are all zero, as all state is after a build. Only memory that goes away in
   * the middle breaks it off, as it does a step, and it can be repeated. Where a step has broken
   * off, weights are part of what is lost: load them too, or bring them back.
   *
   * <p>What {@link LoadOptions} allow to differ never mixes state with counters of other state: a
   * parameter goes on with moments and counters that mean here what they meant there, or it starts
   * as in a new optimizer. Weights, if asked for, are loaded wherever their own shape fits.
   *
   * @return what was restored and what was not
   * @throws CheckpointMismatchException if the file does not fit; it lists every difference
   * @throws CheckpointFormatException if the file is no checkpoint, damaged, changed while it is
   *     loaded, or holds numbers that no step gives
   * @throws io.spam4j.tensors.safetensors.SafetensorsFormatException if it is no safetensors file
   * @throws IOException if it cannot be read
   * @throws IllegalStateException if the optimizer is closed
   */
  LoadReport load(Path file, LoadOptions options) throws IOException;

  /** The off-heap bytes that this optimizer holds. */
  MemoryReport memory();

  /**
   * Frees the state; closing again does nothing.
   *
   * @throws IllegalStateException if a step is running; the optimizer stays open
   */
  @Override
  void close();
}
