package io.spam4j.cuda.selftest;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaEvent;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.cuda.optimizer.CudaOptimizer;
import io.spam4j.cuda.optimizer.CudaParameter;
import io.spam4j.cuda.optimizer.Launching;
import io.spam4j.cuda.selftest.SelfTestReport.Section;
import io.spam4j.cuda.selftest.SelfTestRows.Found;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/** How fast steps are, beside plain copies within the memory of the device. */
final class BandwidthCheck {
  private static final int COPIES = 10;
  private static final int WARMUP_STEPS = 3;
  private static final int DRAWN = 1 << 20; // gradients repeat after so many

  private final CudaDevice device;
  private final CudaStream stream;
  private final long weights;
  private final int steps;
  private double copyBandwidth = Double.NaN; // bytes a nanosecond

  BandwidthCheck(CudaDevice device, CudaStream stream, SelfTestOptions options) {
    this.device = device;
    this.stream = stream;
    weights = options.weights();
    steps = options.steps();
  }

  Section run() {
    SelfTestRows rows = new SelfTestRows();
    rows.add("copy", this::copy);
    Map<String, Supplier<OptimizerBuilder<?>>> contenders = new LinkedHashMap<>();
    contenders.put("adamw", AdamW::builder);
    contenders.put("spam", Spam::builder);
    contenders.put("stable-spam", StableSpam::builder);
    contenders.put("spam, density 0.25", () -> Spam.builder().density(0.25));
    contenders.put("spam, density 0.05", () -> Spam.builder().density(0.05));
    contenders.forEach(
        (name, settings) -> {
          rows.add(name, () -> time(settings.get(), Launching.KERNELS));
          rows.add(name + ", graph", () -> time(settings.get(), Launching.GRAPH));
        });
    return rows.section(
        "bandwidth, %d weights, best of %d copies, median of %d steps"
            .formatted(weights, COPIES, steps));
  }

  private Found copy() {
    long bytes = weights * Float.BYTES;
    long best = Long.MAX_VALUE;
    try (Closer closer = new Closer()) {
      DeviceBuffer from = closer.add(device.allocate(bytes));
      DeviceBuffer to = closer.add(device.allocate(bytes));
      CudaEvent start = closer.add(device.timer());
      CudaEvent stop = closer.add(device.timer());
      stream.fill(from, (byte) 1);
      for (int i = 0; i < COPIES; i++) {
        start.record(stream);
        stream.copy(from, to);
        stop.record(stream);
        stop.synchronize();
        best = Math.min(best, Math.round(stop.millisecondsSince(start) * 1e6));
      }
    }
    copyBandwidth = 2.0 * bytes / Math.max(1, best);
    return Found.fact(String.format(Locale.ROOT, "%.3f ms, %.1f GB/s", best / 1e6, copyBandwidth));
  }

  private Found time(OptimizerBuilder<?> settings, Launching launching) {
    var nanos = new LongArrayList();
    settings.listener(report -> nanos.add(report.nanos()));
    long bytes;
    try (Closer closer = new Closer()) {
      DeviceBuffer memory = closer.add(device.allocate(weights * Float.BYTES));
      stream.fill(memory, (byte) 0);
      DeviceBuffer slopes = closer.add(device.allocate(weights * Float.BYTES));
      draw(slopes);
      DeviceTensor gradient = DeviceTensor.of(slopes, weights);
      var parameter = new CudaParameter("w", DeviceTensor.of(memory, weights));
      try (CudaOptimizer optimizer =
          CudaOptimizer.build(settings, stream, List.of(parameter), launching)) {
        for (int i = 0; i < WARMUP_STEPS + steps; i++) {
          optimizer.step(_ -> gradient);
        }
        StepReport report = optimizer.report();
        bytes = report.bytes();
      }
    }
    long median =
        nanos.longStream().skip(WARMUP_STEPS).sorted().skip(steps / 2).findFirst().orElse(0);
    double bandwidth = (double) bytes / Math.max(1, median);
    return Found.fact(
        String.format(
            Locale.ROOT,
            "%.3f ms, %.1f GB/s, %.1f %% of copies",
            median / 1e6,
            bandwidth,
            100 * bandwidth / copyBandwidth));
  }

  private void draw(DeviceBuffer gradient) {
    var random = new Random(1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, Math.min(DRAWN, weights));
      for (long i = 0; i < host.byteSize() / Float.BYTES; i++) {
        host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
      }
      for (long at = 0; at < gradient.bytes(); at += host.byteSize()) {
        long bytes = Math.min(host.byteSize(), gradient.bytes() - at);
        stream.upload(host.asSlice(0, bytes), gradient.slice(at, bytes));
      }
    }
  }
}
