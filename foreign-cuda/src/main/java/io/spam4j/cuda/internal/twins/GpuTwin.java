package io.spam4j.cuda.internal.twins;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.cuda.optimizer.CudaOptimizer;
import io.spam4j.cuda.optimizer.CudaParameter;
import io.spam4j.cuda.optimizer.Launching;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;

/** A {@link CudaOptimizer} with weights and gradients, of which some lie at odd addresses. */
public final class GpuTwin implements AutoCloseable {
  private static final int MOST_SHIFT = 16;

  private final CudaStream stream;
  private final IntUnaryOperator shifts;
  private final Closer closer = new Closer();
  private final Map<String, DeviceTensor> weights = new HashMap<>();
  private final Map<String, DeviceTensor> gradients = new HashMap<>();
  private final CudaOptimizer optimizer;

  /** Copies the weights of a twin, and builds the same optimizer. */
  GpuTwin(
      CudaDevice device,
      CudaStream stream,
      OptimizerBuilder<?> settings,
      CpuTwin like,
      Launching launching,
      IntUnaryOperator shifts) {
    this.stream = stream;
    this.shifts = shifts;
    try {
      List<CudaParameter> parameters = new ArrayList<>();
      like.weights()
          .forEach(
              (name, tensor) -> {
                weights.put(name, tensor(device, tensor));
                gradients.put(name, tensor(device, tensor));
                parameters.add(new CudaParameter(name, weights(name)));
                stream.upload(tensor.memory(), weights(name).buffer());
              });
      optimizer = CudaOptimizer.build(settings, stream, parameters, launching);
      closer.add(optimizer);
    } catch (RuntimeException | Error e) {
      CloseFailures.closeAfter(e, closer::close);
      throw e;
    }
  }

  private DeviceTensor tensor(CudaDevice device, Tensor like) {
    int shift = shifts.applyAsInt(weights.size() + gradients.size());
    DeviceBuffer room = closer.add(device.allocate(like.bytes() + MOST_SHIFT));
    return DeviceTensor.of(room.slice(shift, like.bytes()), like.shape());
  }

  CudaStream stream() {
    return stream;
  }

  public CudaOptimizer optimizer() {
    return optimizer;
  }

  DeviceTensor weights(String name) {
    return Objects.requireNonNull(weights.get(name));
  }

  private DeviceTensor gradient(String name) {
    return Objects.requireNonNull(gradients.get(name));
  }

  /** Copies the gradients of a twin. */
  public void take(CpuTwin from) {
    gradients.forEach(
        (name, gradient) -> stream.upload(from.gradient(name).memory(), gradient.buffer()));
  }

  /** Steps with the gradients of some parameters, without waiting for the device. */
  public void step(Predicate<String> hasGradient) {
    optimizer.step(name -> hasGradient.test(name) ? gradient(name) : null);
  }

  @Override
  public void close() {
    closer.close();
  }
}
