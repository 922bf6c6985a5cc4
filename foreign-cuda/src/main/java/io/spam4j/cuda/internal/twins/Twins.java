package io.spam4j.cuda.internal.twins;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.optimizer.Launching;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.function.IntUnaryOperator;

/** One optimizer twice, on the CPU and on a device, with the same weights and gradients. */
public final class Twins implements AutoCloseable {
  /** A matrix, a vector, a batch of matrices, a scalar, and one that often has no gradient. */
  public static final SequencedMap<String, long[]> SHAPES;

  static {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("matrix", new long[] {13, 29});
    shapes.put("vector", new long[] {67});
    shapes.put("batch", new long[] {3, 5, 7});
    shapes.put("scalar", new long[] {});
    shapes.put("rare", new long[] {4, 10});
    SHAPES = Collections.unmodifiableSequencedMap(shapes);
  }

  /** Every third tensor lies 4 bytes behind an aligned address. */
  public static final IntUnaryOperator SHIFTS = number -> number % 3 == 1 ? Float.BYTES : 0;

  public final CpuTwin cpu;
  public final GpuTwin gpu;

  /**
   * Builds both.
   *
   * @param shapes with all the names of {@link #SHAPES}
   */
  public Twins(
      CudaDevice device,
      CudaStream stream,
      OptimizerBuilder<?> settings,
      Map<String, long[]> shapes,
      Launching launching) {
    this(device, stream, settings, shapes, launching, SHIFTS);
  }

  /**
   * Builds both.
   *
   * @param shifts bytes between an aligned address and the tensor of a number on the device, below
   *     16
   */
  public Twins(
      CudaDevice device,
      CudaStream stream,
      OptimizerBuilder<?> settings,
      Map<String, long[]> shapes,
      Launching launching,
      IntUnaryOperator shifts) {
    cpu = new CpuTwin(settings, shapes);
    try {
      gpu = new GpuTwin(device, stream, settings, cpu, launching, shifts);
    } catch (RuntimeException | Error e) {
      cpu.close();
      throw e;
    }
  }

  /** Draws the gradients of a step, with spikes, and some that are not finite. */
  public void draw(long t) {
    var random = new Random(t);
    for (Tensor gradient : cpu.gradients()) {
      for (long i = 0; i < gradient.elements(); i++) {
        float value = (float) random.nextGaussian();
        gradient.setFloat(i, random.nextInt(100) == 0 ? 1000 * value : value);
      }
    }
    if (t % 11 == 3) {
      cpu.gradient("vector").setFloat(5, Float.NaN);
      cpu.gradient("matrix").setFloat(0, Float.NEGATIVE_INFINITY);
    }
    if (t % 17 == 5) {
      cpu.gradient("scalar").setFloat(0, Float.NaN);
      cpu.gradient("batch").memory().fill((byte) 0);
    }
  }

  /** Whether a parameter has a gradient at a step. */
  public static boolean hasGradient(String name, long t) {
    return !name.equals("rare") || t % 13 == 4;
  }

  /** Steps on both sides, without waiting for the device. */
  public void step(long t) {
    draw(t);
    gpu.take(cpu);
    cpu.step(name -> hasGradient(name, t));
    gpu.step(name -> hasGradient(name, t));
  }

  @Override
  public void close() {
    try {
      gpu.close();
    } finally {
      cpu.close();
    }
  }
}
