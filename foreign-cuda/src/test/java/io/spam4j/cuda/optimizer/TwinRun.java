package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.internal.twins.Differences;
import io.spam4j.cuda.internal.twins.OptimizerCase;
import io.spam4j.cuda.internal.twins.Twins;
import io.spam4j.engine.NonFiniteGradientException;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;

/** Twins of which a test demands the same bits. */
final class TwinRun implements AutoCloseable {
  private final Twins twins;
  private boolean finite;
  final Optimizer cpu;
  final CudaOptimizer gpu;

  TwinRun(CudaDevice device, CudaStream stream, OptimizerCase of, Launching launching) {
    this(device, stream, of.builder().get(), Twins.SHAPES, launching);
  }

  /** A third of its tensors lie 4 bytes behind an aligned address. */
  TwinRun(
      CudaDevice device,
      CudaStream stream,
      OptimizerBuilder<?> settings,
      Map<String, long[]> shapes,
      Launching launching) {
    this(device, stream, settings, shapes, launching, Twins.SHIFTS);
  }

  /**
   * A run.
   *
   * @param shifts bytes between an aligned address and the tensor of a number, below 16
   */
  TwinRun(
      CudaDevice device,
      CudaStream stream,
      OptimizerBuilder<?> settings,
      Map<String, long[]> shapes,
      Launching launching,
      IntUnaryOperator shifts) {
    twins = new Twins(device, stream, settings, shapes, launching, shifts);
    cpu = twins.cpu.optimizer();
    gpu = twins.gpu.optimizer();
  }

  /** The gradient of a parameter on the CPU, to be filled. */
  Tensor gradient(String name) {
    return twins.cpu.gradient(name);
  }

  /** Draws no NaN and no Inf from now on. */
  void stayFinite() {
    finite = true;
  }

  /** Steps on both sides, without waiting for the device. */
  void step(long t) {
    twins.draw(t);
    if (finite) {
      twins.cpu.gradients().forEach(TwinRun::makeFinite);
    }
    step(name -> Twins.hasGradient(name, t));
  }

  /** Steps with the gradients that are there; both sides throw the same, if they do. */
  void step(Predicate<String> hasGradient) {
    twins.gpu.take(twins.cpu);
    try {
      twins.cpu.step(hasGradient);
    } catch (NonFiniteGradientException e) {
      assertThatThrownBy(() -> twins.gpu.step(hasGradient))
          .isInstanceOf(e.getClass())
          .hasMessage(e.getMessage());
      return;
    }
    twins.gpu.step(hasGradient);
  }

  private static void makeFinite(Tensor gradient) {
    for (long i = 0; i < gradient.elements(); i++) {
      gradient.setFloat(i, Float.isFinite(gradient.getFloat(i)) ? gradient.getFloat(i) : 0);
    }
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
