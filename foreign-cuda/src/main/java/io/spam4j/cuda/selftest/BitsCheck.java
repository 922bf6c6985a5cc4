package io.spam4j.cuda.selftest;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.internal.twins.Differences;
import io.spam4j.cuda.internal.twins.OptimizerCase;
import io.spam4j.cuda.internal.twins.Twins;
import io.spam4j.cuda.optimizer.Launching;
import io.spam4j.cuda.selftest.SelfTestReport.Section;
import io.spam4j.cuda.selftest.SelfTestRows.Found;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Whether every optimizer has the bits of the CPU, launched kernel by kernel and as a graph. */
final class BitsCheck {
  /** Those that are compared on a tensor of several blocks of threads too. */
  private static final List<String> LARGE =
      List.of("adamw-amsgrad", "spam", "sparse-keep", "stable-spam-sparse", "four-transforms");

  private static final int EVERY = 10; // steps between comparisons

  private final CudaDevice device;
  private final CudaStream stream;
  private final SelfTestOptions options;

  BitsCheck(CudaDevice device, CudaStream stream, SelfTestOptions options) {
    this.device = device;
    this.stream = stream;
    this.options = options;
  }

  Section run(List<OptimizerCase> optimizers) {
    SelfTestRows rows = new SelfTestRows();
    for (OptimizerCase of : optimizers) {
      rows.add(of.name(), () -> compare(of, Twins.SHAPES));
    }
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>(Twins.SHAPES);
    shapes.put("large", new long[] {options.largeTensor()});
    for (OptimizerCase of : optimizers) {
      if (LARGE.contains(of.name())) {
        rows.add(of.name() + ", large", () -> compare(of, shapes));
      }
    }
    return rows.section("bits, %d steps".formatted(options.comparedSteps()));
  }

  private Found compare(OptimizerCase of, SequencedMap<String, long[]> shapes) {
    long values = 0;
    for (Launching launching : Launching.values()) {
      Differences differences = compare(of, shapes, launching);
      values += differences.values();
      if (differences.differing() > 0) {
        return Found.check(false, launching + ": " + Found.of(differences).detail());
      }
    }
    return Found.check(true, values + " values equal");
  }

  private Differences compare(
      OptimizerCase of, SequencedMap<String, long[]> shapes, Launching launching) {
    Differences differences = new Differences();
    try (Twins twins = new Twins(device, stream, of.builder().get(), shapes, launching)) {
      for (int t = 0; t < options.comparedSteps(); t++) {
        twins.step(t);
        if (t % EVERY == EVERY - 1 || t == options.comparedSteps() - 1) {
          differences.compare(twins.cpu, twins.gpu);
        }
      }
    }
    return differences;
  }
}
