package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaException;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.IndexedGradients;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * An optimizer on a device for weights and gradients on the host: moments stay on the device, and
 * each step streams gradients in and weights out, a piece at a time through pinned buffers, while
 * the kernels work on the pieces between. A step moves 8 bytes a weight over the bus, where moments
 * on the host would make it 24.
 *
 * <p>The device holds a copy of weights and gradients too, 16 bytes a weight with both moments.
 * Weights belong to the pipeline while it is open: what somebody else writes to them is
 * overwritten, unless {@link #takeWeights} tells the device.
 *
 * <p>Everything is done by the thread that opened the device.
 */
public final class OffloadPipeline implements AutoCloseable {
  private static final long MOST_PIECE = 8 << 20; // bytes: enough to fill the bus

  private final Closer closer = new Closer();
  private final List<Parameter> parameters;
  private final List<OffloadedParameter> offloaded = new ArrayList<>();
  private final CudaStream stream;
  private final CudaStepper stepper;
  private final OffloadPasses passes;

  OffloadPipeline(
      OptimizerBuilder<?> settings, CudaDevice device, List<Parameter> parameters, long mostPiece) {
    this.parameters = List.copyOf(parameters);
    WeightRange.requireDistinct(
        this.parameters.stream().map(OffloadedParameter::requireWeights).toList());
    try {
      stream = closer.add(device.stream());
      for (Parameter parameter : this.parameters) {
        offloaded.add(new OffloadedParameter(parameter, device, closer));
      }
      List<CudaParameter> onDevice = offloaded.stream().map(OffloadedParameter::onDevice).toList();
      stepper = closer.add(new CudaStepper(settings, stream, onDevice, Launching.KERNELS));
      passes = closer.add(new OffloadPasses(device, stepper, offloaded, mostPiece));
      takeWeights();
    } catch (RuntimeException | Error e) {
      CloseFailures.closeAfter(e, closer::close);
      throw e;
    }
  }

  /**
   * Makes the pipeline, and copies the weights to the device.
   *
   * @param settings as in {@link CudaOptimizer#build}
   * @param parameters whose weights are float32, in native memory that this thread may use
   * @throws IllegalArgumentException as {@link CudaOptimizer#build}, or if weights are elsewhere
   * @throws CudaException if there is not enough memory
   */
  public static OffloadPipeline build(
      OptimizerBuilder<?> settings, CudaDevice device, List<Parameter> parameters) {
    Objects.requireNonNull(settings, "settings must not be null");
    Objects.requireNonNull(device, "device must not be null");
    return new OffloadPipeline(settings, device, parameters, MOST_PIECE);
  }

  /** Copies the weights on the host to the device, after somebody has changed them. */
  public void takeWeights() {
    offloaded.forEach(parameter -> parameter.upload(stream));
  }

  /**
   * Does one step; at the end the weights on the host are those of the device.
   *
   * @return what happened: one object for the life of the pipeline, overwritten by the next step
   * @throws IllegalArgumentException if a gradient is not float32, has another shape than its
   *     weights, overlaps them, or does not lie in native memory
   * @throws io.spam4j.engine.NonFiniteGradientException as {@link io.spam4j.engine.Optimizer#step}
   * @throws IllegalStateException if it is closed, a failed step has lost its state, memory it
   *     needs has been freed or is another thread's, or a listener that is told of a step calls it
   * @throws CudaException if CUDA fails; then weights on the host may be those before or after the
   *     step, until {@link #load} brings all of them back
   */
  public StepReport step(Gradients source) {
    Objects.requireNonNull(source, "gradients must not be null");
    stepper.requireNoStep();
    if (source instanceof IndexedGradients indexed) {
      indexed.requireSize(offloaded.size());
    }
    for (int i = 0; i < offloaded.size(); i++) {
      offloaded.get(i).take(source, i);
    }
    stepper.step(i -> offloaded.get(i).gradient(), passes);
    stepper.reportAll();
    return stepper.planner().report();
  }

  /** The parameters, in the order they were given. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** The steps done since the start. */
  public long stepCount() {
    return stepper.planner().stepCount();
  }

  /** Saves a checkpoint; see {@link CudaOptimizer#save(Path, SaveOptions)}. */
  public void save(Path file, SaveOptions options) throws IOException {
    stepper.save(file, options);
  }

  /**
   * Continues from a checkpoint; see {@link CudaOptimizer#load(Path, LoadOptions)}. Weights on the
   * host become those of the device too.
   *
   * @return what was restored and what was not
   */
  public LoadReport load(Path file, LoadOptions options) throws IOException {
    LoadReport report = stepper.load(file, options);
    offloaded.forEach(parameter -> parameter.download(stream));
    return report;
  }

  /** The bytes it holds on the device, besides its copies of weights and gradients. */
  public MemoryReport memory() {
    return stepper.memory();
  }

  /** Frees its memory; harmless if closed already. */
  @Override
  public void close() {
    closer.close();
  }
}
