package io.spam4j.jmh;

import io.spam4j.cuda.CudaAvailability;
import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.optimizer.CudaOptimizer;
import io.spam4j.cuda.optimizer.CudaParameter;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/** One tensor, a gradient that stays the same, and an optimizer, on some device. */
interface StepArm extends AutoCloseable {
  /** Does a step, and waits until it is done. */
  StepReport step();

  @Override
  void close();

  /**
   * Makes the arm of a device.
   *
   * @param device {@code cpu} or {@code cuda}
   * @throws UnavailableArmException if this host does not have it
   */
  static StepArm of(String device, OptimizerBuilder<?> settings, long weights) {
    return switch (device) {
      case "cpu" -> new Cpu(settings, weights);
      case "cuda" -> {
        requireCuda(CudaDevice.availability());
        yield new Cuda(settings, weights);
      }
      default -> throw new IllegalArgumentException("no such device: device=" + device);
    };
  }

  /** Throws unless CUDA is available. */
  static void requireCuda(CudaAvailability availability) {
    if (availability instanceof CudaAvailability.Unavailable none) {
      throw new UnavailableArmException(UnavailableArmException.text(none));
    }
  }

  private static Tensor drawn(Arena arena, long weights) {
    Tensor gradient = Tensor.allocate(arena, DType.F32, weights);
    Philox random = Philox.stream(1, "benchmark", 0);
    for (long i = 0; i < weights; i++) {
      gradient.setFloat(i, random.uniform(i) - 0.5f);
    }
    return gradient;
  }

  /** On all processors. */
  final class Cpu implements StepArm {
    private final Arena arena = Arena.ofShared();
    private final Optimizer optimizer;
    private final Gradients gradients;

    Cpu(OptimizerBuilder<?> settings, long weights) {
      Tensor tensor = Tensor.allocate(arena, DType.F32, weights);
      Tensor gradient = drawn(arena, weights);
      gradients = _ -> gradient;
      settings.threads(OptimizerBuilder.defaultThreads());
      optimizer = settings.build(List.of(new Parameter("w", tensor)));
    }

    @Override
    public StepReport step() {
      return optimizer.step(gradients);
    }

    @Override
    public void close() {
      optimizer.close();
      arena.close();
    }
  }

  /** On the first GPU; used by the thread that makes it. */
  final class Cuda implements StepArm {
    private final CudaDevice device;
    private final CudaOptimizer optimizer;
    private final DeviceTensor gradient;

    Cuda(OptimizerBuilder<?> settings, long weights) {
      device = CudaDevice.open(0); // closes all that follows
      CudaStream stream = device.stream();
      DeviceBuffer tensor = device.allocate(weights * Float.BYTES);
      stream.fill(tensor, (byte) 0);
      gradient = DeviceTensor.of(device.allocate(weights * Float.BYTES), weights);
      try (Arena arena = Arena.ofConfined()) {
        stream.upload(drawn(arena, weights).memory(), gradient.buffer());
      }
      var parameter = new CudaParameter("w", DeviceTensor.of(tensor, weights));
      optimizer = CudaOptimizer.build(settings, stream, List.of(parameter));
    }

    @Override
    public StepReport step() {
      optimizer.step(_ -> gradient);
      return optimizer.report();
    }

    @Override
    public void close() {
      optimizer.close();
      device.close();
    }
  }
}
