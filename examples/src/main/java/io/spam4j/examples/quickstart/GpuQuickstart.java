package io.spam4j.examples.quickstart;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.optimizer.CudaOptimizer;
import io.spam4j.cuda.optimizer.CudaParameter;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.Spam;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Trains weights that are on a GPU with gradients that are there too. */
public final class GpuQuickstart {
  private GpuQuickstart() {}

  /** The caller's model. */
  @FunctionalInterface
  public interface Model {
    /** Queues work that makes the gradient of the weights. */
    void backward(CudaStream stream, DeviceBuffer weights, DeviceBuffer gradient);
  }

  // README: begin
  /** Trains the weights in {@code initial}, float32, for some steps. */
  public static StepReport run(CudaDevice device, MemorySegment initial, int steps, Model model) {
    long n = initial.byteSize() / Float.BYTES;
    try (CudaStream stream = device.stream(); // or your own: device.stream(address)
        DeviceBuffer weights = device.allocate(4 * n); // or DeviceBuffer.of(address, 4 * n)
        DeviceBuffer gradient = device.allocate(4 * n)) {
      stream.upload(initial, weights);
      var parameter = new CudaParameter("w", DeviceTensor.of(weights, n));
      Spam.Builder settings = Spam.builder().learningRate(1e-3); // as on the CPU
      try (var spam = CudaOptimizer.build(settings, stream, List.of(parameter))) {
        for (int step = 0; step < steps; step++) {
          model.backward(stream, weights, gradient); // queues your kernels
          spam.step(_ -> DeviceTensor.of(gradient, n)); // queued behind them
        }
        stream.download(weights, initial);
        return spam.report(); // waits for all steps
      }
    }
  }

  // README: end
}
