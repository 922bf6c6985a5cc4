package io.spam4j.cuda.selftest;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.internal.twins.CpuTwin;
import io.spam4j.cuda.internal.twins.Differences;
import io.spam4j.cuda.internal.twins.GpuTwin;
import io.spam4j.cuda.internal.twins.OptimizerCase;
import io.spam4j.cuda.internal.twins.Twins;
import io.spam4j.cuda.optimizer.Launching;
import io.spam4j.cuda.selftest.SelfTestReport.Section;
import io.spam4j.cuda.selftest.SelfTestRows.Found;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Whether a run can go on where another one has saved it: device to CPU, and CPU to device. */
final class CheckpointCheck {
  private static final List<String> CASES =
      List.of("adamw-amsgrad", "sparse-keep", "stable-spam-sparse", "z-clip");

  private static final int MORE_STEPS = 10;

  private final CudaDevice device;
  private final CudaStream stream;
  private final int steps;

  CheckpointCheck(CudaDevice device, CudaStream stream, int steps) {
    this.device = device;
    this.stream = stream;
    this.steps = steps;
  }

  Section run() {
    SelfTestRows rows = new SelfTestRows();
    for (String name : CASES) {
      rows.add(name, () -> exchange(rows, OptimizerCase.named(name)));
    }
    return rows.section("checkpoints, after %d steps, %d more steps".formatted(steps, MORE_STEPS));
  }

  private Found exchange(SelfTestRows rows, OptimizerCase of) throws IOException {
    Path folder = Files.createTempDirectory("spam4j-selftest");
    Path fromCpu = folder.resolve("cpu.safetensors");
    Path fromGpu = folder.resolve("gpu.safetensors");
    try (Twins old = twins(of);
        Twins young = twins(of)) {
      for (int t = 0; t < steps; t++) {
        old.step(t);
      }
      SaveOptions all = SaveOptions.defaults().withWeights();
      old.cpu.optimizer().save(fromCpu, all);
      old.gpu.optimizer().save(fromGpu, all);
      boolean same = Files.mismatch(fromCpu, fromGpu) < 0;
      young.cpu.optimizer().load(fromGpu, LoadOptions.strict().withWeights());
      young.gpu.optimizer().load(fromCpu, LoadOptions.strict().withWeights());
      for (int t = steps; t < steps + MORE_STEPS; t++) {
        old.step(t);
        young.step(t);
      }
      rows.add(of.name() + ", device to cpu", () -> differences(young.cpu, old.gpu));
      rows.add(of.name() + ", cpu to device", () -> differences(old.cpu, young.gpu));
      return Found.check(same, same ? "one file from both" : "the files of both sides differ");
    } finally {
      Files.deleteIfExists(fromCpu);
      Files.deleteIfExists(fromGpu);
      Files.deleteIfExists(folder);
    }
  }

  private Twins twins(OptimizerCase of) {
    return new Twins(device, stream, of.builder().get(), Twins.SHAPES, Launching.KERNELS);
  }

  private static Found differences(CpuTwin cpu, GpuTwin gpu) {
    Differences differences = new Differences();
    differences.compare(cpu, gpu);
    return Found.of(differences);
  }
}
