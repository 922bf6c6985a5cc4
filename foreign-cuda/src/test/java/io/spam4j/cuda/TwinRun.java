package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.util.SequencedMap;

/** Twins of which a test demands the same bits. */
final class TwinRun implements AutoCloseable {
  private final Twins twins;
  final Optimizer cpu;
  final CudaOptimizer gpu;

  TwinRun(CudaDevice device, CudaStream stream, OptimizerCase of, Launching launching) {
    this(device, stream, of.builder().get(), Twins.SHAPES, launching);
  }

  TwinRun(
      CudaDevice device,
      CudaStream stream,
      OptimizerBuilder<?> settings,
      SequencedMap<String, long[]> shapes,
      Launching launching) {
    twins = new Twins(device, stream, settings, shapes, launching);
    cpu = twins.cpu.optimizer();
    gpu = twins.gpu.optimizer();
  }

  /** The gradient of a parameter on the CPU, to be filled. */
  Tensor gradient(String name) {
    return twins.cpu.gradient(name);
  }

  /** Steps on both sides, without waiting for the device. */
  void step(long t) {
    twins.step(t);
  }

  /** Compares everything, bit for bit. */
  void compare() {
    Differences differences = new Differences();
    differences.compare(twins.cpu, twins.gpu);
    assertThat(differences.first()).isEmpty();
    assertThat(differences.values()).isPositive();
  }

  @Override
  public void close() {
    twins.close();
  }
}
