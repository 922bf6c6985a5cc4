package io.spam4j.cuda.internal.twins;

import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.optimizer.CudaOptimizer;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.StepReport;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What differs between an optimizer of the CPU and one of a device, bit for bit: weights, state,
 * histories, selections and reports. A NaN equals a NaN, whatever its payload.
 */
public final class Differences {
  private long values;
  private long differing;
  private @Nullable String first;

  /** How many values were compared, over all comparisons. */
  public long values() {
    return values;
  }

  /** How many of them differed. */
  public long differing() {
    return differing;
  }

  /** Where the first was, and what it was on both sides. */
  public Optional<String> first() {
    return Optional.ofNullable(first);
  }

  /** Compares all but reports, which tell of the optimizer's own steps. Waits for the device. */
  void compareState(CpuTwin cpu, GpuTwin gpu) {
    Optimizer expected = cpu.optimizer();
    CudaOptimizer actual = gpu.optimizer();
    long step = expected.stepCount();
    check("steps", step, step, actual.stepCount());
    cpu.weights()
        .forEach(
            (name, tensor) -> {
              floats(gpu.stream(), step, "weights of " + name, tensor, gpu.weights(name));
              Map<String, DeviceTensor> state = actual.state(name);
              expected
                  .state(name)
                  .forEach(
                      (key, moments) ->
                          floats(gpu.stream(), step, key + " of " + name, moments, state.get(key)));
              check("scalars of " + name, step, expected.scalars(name), actual.scalars(name));
              check("selection of " + name, step, true, sameMask(expected, actual, name));
            });
  }

  /** Compares everything. Waits for the device. */
  public void compare(CpuTwin cpu, GpuTwin gpu) {
    StepReport onGpu = gpu.optimizer().report();
    compareState(cpu, gpu);
    StepReport onCpu = cpu.report();
    if (onCpu != null) {
      check("report", onCpu.step(), text(onCpu), text(onGpu));
    }
  }

  private static boolean sameMask(Optimizer expected, CudaOptimizer actual, String name) {
    Optional<IndexMask> mask = expected.mask(name);
    Optional<IndexMask> other = actual.mask(name);
    return mask.isPresent() == other.isPresent()
        && (mask.isEmpty() || other.orElseThrow().hasSameSelection(mask.get()));
  }

  private void check(String what, long step, Object expected, Object actual) {
    values++;
    if (!expected.equals(actual)) {
      differ(() -> "%s after step %d: cpu=%s, gpu=%s".formatted(what, step, expected, actual));
    }
  }

  private void differ(Supplier<String> where) {
    differing++;
    if (first == null) {
      first = where.get();
    }
  }

  private void floats(
      CudaStream stream, long step, String what, Tensor expected, @Nullable DeviceTensor actual) {
    if (expected.elements() == 0 || actual == null) {
      check("presence of " + what, step, expected.elements() > 0, actual != null);
      return;
    }
    check(
        "shape of " + what,
        step,
        Arrays.toString(expected.shape()),
        Arrays.toString(actual.shape()));
    if (actual.elements() != expected.elements()) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(expected.bytes(), Float.BYTES);
      stream.download(actual.buffer(), copy);
      for (long i = 0; i < expected.elements(); i++) {
        values++;
        int wanted = Float.floatToIntBits(expected.getFloat(i));
        int found = Float.floatToIntBits(copy.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        if (wanted != found) {
          long at = i;
          differ(
              () ->
                  "%s at %d after step %d: cpu=0x%08x, gpu=0x%08x"
                      .formatted(what, at, step, wanted, found));
        }
      }
    }
  }

  /** All that a report says but times and bytes. */
  private static List<String> text(StepReport report) {
    List<String> text = new ArrayList<>();
    text.add(
        "step=%d skipped=%s reset=%s warmup=%s lr=%s norm=%s"
            .formatted(
                report.step(),
                report.isSkipped(),
                report.isMomentumReset(),
                report.warmupScale(),
                report.learningRate(),
                report.gradientNorm()));
    for (int i = 0; i < report.tensors(); i++) {
      text.add(
          "%s norm=%s scale=%s spikes=%d/%d skipped=%d lowered=%d clamped=%d ratio=%s at %d"
              .formatted(
                  report.name(i),
                  report.gradientNorm(i),
                  report.gradientScale(i),
                  report.spikes(i),
                  report.totalSpikes(i),
                  report.skippedCoordinates(i),
                  report.loweredCoordinates(i),
                  report.clampedCoordinates(i),
                  report.largestRatio(i),
                  report.largestRatioIndex(i)));
    }
    return text;
  }
}
