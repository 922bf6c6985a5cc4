package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaException;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.internal.state.Moments;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * An optimizer whose weights, gradients and moments are in the memory of a device, and which runs
 * there: the same settings, the same checkpoints, and the same bits as on the CPU.
 *
 * <p>{@link #step} queues its work behind what the stream was given before, and returns; gradients
 * that are written on the same stream need no waiting. A step waits for the device only where
 * {@link io.spam4j.engine.NonFinitePolicy#SKIP_STEP} or THROW want to see the gradients first,
 * where selections are drawn by magnitude or carry moments over, or where four steps are under way
 * whose reports nobody has fetched. Reports, listeners and {@link
 * io.spam4j.engine.optimizers.OptimizerBuilder#stopAfterNonFinite} therefore come some steps late;
 * {@link #report}, {@link #save}, {@link #load} and {@link #close} wait for all of them.
 *
 * <p>What a listener throws comes out of the call that fetched the report, before that call has
 * done anything else: a step that throws a {@link io.spam4j.engine.StepListenerException}, or an
 * Error of a listener, was not queued, and the step that the listener was told of is complete.
 * Called again it goes on with the next report. Under SKIP_STEP the listener may have been told of
 * the very step that throws: one whose gradients were not finite, which is reported and skipped.
 *
 * <p>A listener may read the optimizer, save, load and close it. What waits for all steps saves all
 * that were queued so far, and counts them; listeners are told of them afterwards, in order. A step
 * is refused until all listeners were told.
 *
 * <p>Everything is done by the thread that opened the device. If CUDA fails in the middle of a step
 * the state on the device is lost, and only {@link #load} and {@link #close} are left; before that
 * point a failing step changes nothing.
 */
public final class CudaOptimizer implements AutoCloseable {
  private final CudaStepper stepper;
  private final List<CudaParameter> parameters;
  private final Map<String, Integer> indexes = new HashMap<>();

  private CudaOptimizer(
      OptimizerBuilder<?> settings,
      CudaStream stream,
      List<CudaParameter> parameters,
      Launching launching) {
    this.parameters = List.copyOf(parameters);
    WeightRange.requireDistinct(this.parameters.stream().map(CudaOptimizer::range).toList());
    this.parameters.forEach(parameter -> indexes.put(parameter.name(), indexes.size()));
    stepper = new CudaStepper(settings, stream, this.parameters, launching);
  }

  private static WeightRange range(CudaParameter parameter) {
    DeviceBuffer weights = parameter.weights().buffer();
    return new WeightRange(parameter.name(), weights.address(), weights.bytes());
  }

  /**
   * {@link #build(OptimizerBuilder, CudaStream, List, Launching)} with {@link Launching#KERNELS}.
   */
  public static CudaOptimizer build(
      OptimizerBuilder<?> settings, CudaStream stream, List<CudaParameter> parameters) {
    return build(settings, stream, parameters, Launching.KERNELS);
  }

  /**
   * Makes the optimizer and allocates its state on the device, all zero.
   *
   * @param settings of Adam, AdamW, Spam or StableSpam; later changes to it do not matter
   * @param stream that all its work is queued to
   * @throws IllegalArgumentException as {@link OptimizerBuilder#build}, and if the settings have
   *     something that devices do not do; see {@link OptimizerBuilder#planner}
   * @throws CudaException if there is not enough memory, or the kernels cannot be loaded
   */
  public static CudaOptimizer build(
      OptimizerBuilder<?> settings,
      CudaStream stream,
      List<CudaParameter> parameters,
      Launching launching) {
    Objects.requireNonNull(settings, "settings must not be null");
    Objects.requireNonNull(stream, "stream must not be null");
    Objects.requireNonNull(launching, "launching must not be null");
    return new CudaOptimizer(settings, stream, parameters, launching);
  }

  /**
   * Queues one step.
   *
   * @throws IllegalArgumentException if a gradient has another shape than its weights or overlaps
   *     them
   * @throws io.spam4j.engine.NonFiniteGradientException as {@link io.spam4j.engine.Optimizer#step};
   *     too many steps in a row are noticed when their reports have come
   * @throws IllegalStateException if the optimizer is closed, a failed step has lost its state, or
   *     a listener that is told of a step calls this
   * @throws io.spam4j.engine.StepListenerException if a listener failed. Told of an earlier step:
   *     this one was not queued. Told that SKIP_STEP skips this one: it is reported and skipped,
   *     and not to be done again; {@link io.spam4j.engine.StepListenerException#step} is {@link
   *     #stepCount} + 1 then, and at most {@link #stepCount} otherwise
   * @throws CudaException if CUDA fails, perhaps because of work that was queued before
   */
  public void step(CudaGradients gradients) {
    Objects.requireNonNull(gradients, "gradients must not be null");
    stepper.step(gradients);
  }

  /**
   * Waits for all steps, and tells of the last one; in a listener, of the one it is told of.
   *
   * @return one object for the life of the optimizer, overwritten by the next report. Its time is
   *     the device's, from the beginning of the step's work to its end.
   */
  public StepReport report() {
    stepper.reportAll();
    return stepper.planner().report();
  }

  /** The parameters, in the order they were given. */
  public List<CudaParameter> parameters() {
    return parameters;
  }

  /** The steps queued since the start; those that SKIP_STEP made no-ops excluded. */
  public long stepCount() {
    return stepper.planner().stepCount();
  }

  /**
   * A parameter's state on the device, by its names in files; the live memory, valid until {@link
   * #close}, {@link #load} or, where only some weights have moments, the next reset. A state tensor
   * without elements is left out.
   *
   * @throws IllegalArgumentException if there is no such parameter
   */
  public SequencedMap<String, DeviceTensor> state(String parameter) {
    int index = index(parameter);
    Moments moments = stepper.moments();
    long[] shape = moments.shape(index, parameters.get(index).weights().shape());
    SequencedMap<String, DeviceTensor> state = new LinkedHashMap<>();
    for (String name : stepper.planner().state()) {
      DeviceBuffer buffer = moments.tensor(index, name);
      if (buffer != null) {
        state.put(name, DeviceTensor.of(buffer, shape));
      }
    }
    return state;
  }

  /**
   * The history that gradient transforms keep of a parameter, after waiting for all steps; see
   * {@link io.spam4j.engine.Optimizer#scalars}.
   *
   * @throws IllegalArgumentException if there is no such parameter
   */
  public Map<String, Double> scalars(String parameter) {
    int index = index(parameter);
    stepper.fetchHistories();
    return stepper.planner().scalars(index);
  }

  /**
   * Which weights of a parameter have moments, until the next reset; empty if all have.
   *
   * @throws IllegalArgumentException if there is no such parameter
   */
  public Optional<IndexMask> mask(String parameter) {
    return stepper.planner().mask(index(parameter));
  }

  /** {@link #save(Path, SaveOptions)} without weights. */
  public void save(Path file) throws IOException {
    save(file, SaveOptions.defaults());
  }

  /**
   * Saves a checkpoint, as {@link io.spam4j.engine.Optimizer#save(Path, SaveOptions)} does: the
   * file is the one that the CPU would write, and either continues from it. Copies everything that
   * is saved to the host first.
   *
   * @throws IOException if the file cannot be written
   */
  public void save(Path file, SaveOptions options) throws IOException {
    stepper.save(file, options);
  }

  /** {@link #load(Path, LoadOptions)} of a checkpoint that must fit in everything. */
  public LoadReport load(Path file) throws IOException {
    return load(file, LoadOptions.strict());
  }

  /**
   * Continues from a checkpoint of this class or of an {@link io.spam4j.engine.Optimizer}; see
   * {@link io.spam4j.engine.Optimizer#load(Path, LoadOptions)}. Needs as much memory on the host as
   * such an optimizer.
   *
   * @return what was restored and what was not
   * @throws IOException if the file cannot be read, or is no checkpoint that fits; the state is as
   *     before
   */
  public LoadReport load(Path file, LoadOptions options) throws IOException {
    return stepper.load(file, options);
  }

  /** The bytes it holds on the device. */
  public MemoryReport memory() {
    return stepper.memory();
  }

  private int index(String parameter) {
    Integer index = indexes.get(Objects.requireNonNull(parameter, "parameter must not be null"));
    if (index == null) {
      throw new IllegalArgumentException(
          "no such parameter: name=" + parameter + ", names=" + indexes.keySet());
    }
    return index;
  }

  /** Waits for its work, reports what is left, and frees its memory; harmless if closed already. */
  @Override
  public void close() {
    stepper.close();
  }

  /** The name of the algorithm and its size. */
  @Override
  public String toString() {
    return "%s[%d parameters on device %d, step %d]"
        .formatted(
            stepper.planner().optimizer(), parameters.size(), stepper.ordinal(), stepCount());
  }
}
