package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.internal.state.Moments;
import io.spam4j.engine.device.HostCopies;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Copies of what is on the device, for a planner. */
final class CudaHostCopies implements HostCopies {
  private final CudaStream stream;
  private final List<CudaParameter> parameters;
  private final StepGradients gradients;
  private @Nullable Moments moments;

  /** Copies of weights and gradients; of moments too after {@link #setMoments}. */
  CudaHostCopies(CudaStream stream, List<CudaParameter> parameters, StepGradients gradients) {
    this.stream = stream;
    this.parameters = parameters;
    this.gradients = gradients;
  }

  /** Says where moments are: the planner that is given these copies decides how many there are. */
  void setMoments(Moments moments) {
    this.moments = moments;
  }

  @Override
  public Tensor weights(int parameter, Arena arena) {
    DeviceTensor weights = parameters.get(parameter).weights();
    return copy(weights.buffer(), weights.shape(), arena);
  }

  @Override
  public Tensor gradient(int parameter, Arena arena) {
    DeviceTensor gradient = gradients.of(parameter);
    if (gradient == null) {
      throw new IllegalStateException(
          "there must be a gradient: parameter=" + parameters.get(parameter).name());
    }
    return copy(gradient.buffer(), gradient.shape(), arena);
  }

  @Override
  public Tensor state(int parameter, String name, Arena arena) {
    Moments source = Objects.requireNonNull(moments, "moments must be set before they are copied");
    long[] shape = parameters.get(parameter).weights().shape();
    return copy(source.tensor(parameter, name), source.shape(parameter, shape), arena);
  }

  private Tensor copy(@Nullable DeviceBuffer from, long[] shape, Arena arena) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
    if (from != null) {
      stream.download(from, tensor.memory());
    }
    return tensor;
  }
}
