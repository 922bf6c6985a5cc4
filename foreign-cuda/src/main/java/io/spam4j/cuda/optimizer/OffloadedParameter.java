package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A parameter on the host with its copies on the device, and its gradient of the step at work. */
final class OffloadedParameter {
  private final Parameter host;
  private final DeviceTensor weights;
  private final DeviceTensor gradient;
  private @Nullable Tensor source; // of the gradient

  /** Allocates the copies, whose contents are undefined. */
  OffloadedParameter(Parameter host, CudaDevice device, Closer closer) {
    this.host = host;
    weights = allocate(device, closer);
    gradient = allocate(device, closer);
  }

  private DeviceTensor allocate(CudaDevice device, Closer closer) {
    Tensor like = host.weights();
    return DeviceTensor.of(closer.add(device.allocate(like.bytes())), like.shape());
  }

  /**
   * Checks that a device can copy the weights of a parameter.
   *
   * @return where they are
   */
  static WeightRange requireWeights(Parameter parameter) {
    Tensor weights = parameter.weights();
    if (weights.dtype() != DType.F32 || !weights.memory().isNative()) {
      throw new IllegalArgumentException(
          "a device copies F32 weights in native memory, use an arena: parameter=%s, weights=%s"
              .formatted(parameter.name(), weights));
    }
    MemorySegment memory = weights.memory();
    return new WeightRange(parameter.name(), memory.address(), memory.byteSize());
  }

  /** The same on the device. */
  CudaParameter onDevice() {
    return new CudaParameter(host.name(), weights);
  }

  /** The number of weights. */
  long elements() {
    return host.weights().elements();
  }

  /** Copies the weights to the device, and waits for it. */
  void upload(CudaStream stream) {
    stream.upload(host.weights().memory(), weights.buffer());
  }

  /** Copies the weights to the host, and waits for it. */
  void download(CudaStream stream) {
    stream.download(weights.buffer(), host.weights().memory());
  }

  /**
   * Asks for the gradient of a step, and checks it.
   *
   * @param number of the parameter
   */
  void take(Gradients gradients, int number) {
    Tensor tensor = gradients.of(number, host.name());
    if (tensor != null) {
      requireFit(tensor);
    }
    source = tensor;
  }

  private void requireFit(Tensor tensor) {
    if (tensor.dtype() != DType.F32 || !tensor.hasShapeOf(host.weights())) {
      throw new IllegalArgumentException(
          "gradient must be F32 of the shape of its weights: parameter=%s, gradient=%s, weight=%s"
              .formatted(host.name(), tensor, host.weights()));
    }
    if (!tensor.memory().isNative()) {
      throw new IllegalArgumentException(
          "a device copies native memory only, copy the gradient to an arena: parameter="
              + host.name());
    }
    // Weights come back while gradients still go out.
    if (host.weights().memory().asOverlappingSlice(tensor.memory()).isPresent()) {
      throw new IllegalArgumentException(
          "gradient must not overlap weights: parameter=" + host.name());
    }
    requireAccess("weights", host.weights().memory());
    requireAccess("gradient", tensor.memory());
  }

  /** What a copy needs; found out before a step changes anything. */
  private void requireAccess(String what, MemorySegment memory) {
    if (!memory.scope().isAlive() || !memory.isAccessibleBy(Thread.currentThread())) {
      throw new IllegalStateException(
          what + " must be alive, and of this thread or a shared arena: parameter=" + host.name());
    }
  }

  /** The memory of the gradient on the host; null if the step has none. */
  @Nullable MemorySegment source() {
    return source == null ? null : source.memory();
  }

  /** The memory of the weights on the host. */
  MemorySegment target() {
    return host.weights().memory();
  }

  /** The weights on the device. */
  DeviceTensor weights() {
    return weights;
  }

  /** Where the gradient goes on the device; null if the step has none. */
  @Nullable DeviceTensor gradient() {
    return source == null ? null : gradient;
  }
}
