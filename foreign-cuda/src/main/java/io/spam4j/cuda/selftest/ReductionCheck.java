package io.spam4j.cuda.selftest;

import io.spam4j.cuda.Blas;
import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.cuda.optimizer.CudaOptimizer;
import io.spam4j.cuda.optimizer.CudaParameter;
import io.spam4j.cuda.selftest.SelfTestReport.Section;
import io.spam4j.cuda.selftest.SelfTestRows.Found;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.optimizers.AdamW;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/** Whether the norm and the maximum of a large gradient are those that cuBLAS finds. */
final class ReductionCheck {
  private static final long MOST_ELEMENTS = 1 << 24;

  /** Relative: cuBLAS adds in float32, and in an order of its own. A lost block shows more. */
  private static final double NORM_TOLERANCE = 1e-4;

  private final CudaDevice device;
  private final CudaStream stream;
  private final long elements;

  ReductionCheck(CudaDevice device, CudaStream stream, long weights) {
    this.device = device;
    this.stream = stream;
    elements = Math.min(MOST_ELEMENTS, weights);
  }

  Section run() {
    SelfTestRows rows = new SelfTestRows();
    rows.add("cublas", () -> reduce(rows));
    return rows.section("reductions, %d elements".formatted(elements));
  }

  private Found reduce(SelfTestRows rows) {
    try (Closer closer = new Closer()) {
      DeviceBuffer gradient = closer.add(device.allocate(elements * Float.BYTES));
      fill(gradient);
      DeviceBuffer weights = closer.add(device.allocate(elements * Float.BYTES));
      stream.fill(weights, (byte) 0);
      Measured own = measure(gradient, weights);
      try (Blas blas = Blas.create(stream)) {
        DeviceBuffer result = closer.add(device.allocate(Long.BYTES));
        rows.add("norm", () -> norm(blas, gradient, result, own.norm()));
        rows.add("max", () -> max(blas, gradient, result, own.max()));
      } catch (UnsupportedOperationException e) {
        return Found.skipped(String.valueOf(e.getMessage()));
      }
      return Found.fact("found");
    }
  }

  private record Measured(double norm, double max) {}

  /** AdaClip whose mean forgets everything keeps the maximum itself. */
  private Measured measure(DeviceBuffer gradient, DeviceBuffer weights) {
    DeviceTensor g = DeviceTensor.of(gradient, elements);
    var parameter = new CudaParameter("w", DeviceTensor.of(weights, elements));
    AdamW.Builder settings = AdamW.builder().transforms(GradientTransform.adaClip(0));
    try (CudaOptimizer optimizer = CudaOptimizer.build(settings, stream, List.of(parameter))) {
      optimizer.step(_ -> g);
      double norm = optimizer.report().gradientNorm();
      return new Measured(norm, Objects.requireNonNull(optimizer.scalars("w").get("m_max_t")));
    }
  }

  private void fill(DeviceBuffer gradient) {
    var random = new Random(1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(gradient.bytes(), Float.BYTES);
      for (long i = 0; i < elements; i++) {
        host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
      }
      host.setAtIndex(ValueLayout.JAVA_FLOAT, elements * 2 / 3, -100);
      stream.upload(host, gradient);
    }
  }

  private Found norm(Blas blas, DeviceBuffer gradient, DeviceBuffer result, double own) {
    blas.nrm2(gradient, result);
    double theirs = download(result, Float.BYTES).get(ValueLayout.JAVA_FLOAT, 0);
    double difference = Math.abs(own - theirs) / theirs;
    return Found.check(
        difference <= NORM_TOLERANCE,
        "own=%s, cublas=%s, relative difference=%.1e, tolerance=%.0e"
            .formatted(own, theirs, difference, NORM_TOLERANCE));
  }

  private Found max(Blas blas, DeviceBuffer gradient, DeviceBuffer result, double own) {
    blas.amax(gradient, result);
    long at = download(result, Long.BYTES).get(ValueLayout.JAVA_LONG, 0) - 1;
    MemorySegment found = download(gradient.slice(at * Float.BYTES, Float.BYTES), Float.BYTES);
    double theirs = Math.abs(found.get(ValueLayout.JAVA_FLOAT, 0));
    return Found.check(own == theirs, "own=%s, cublas=%s at %d".formatted(own, theirs, at));
  }

  private MemorySegment download(DeviceBuffer from, long bytes) {
    MemorySegment copy = Arena.ofAuto().allocate(bytes, Long.BYTES);
    stream.download(from.slice(0, bytes), copy);
    return copy;
  }
}
