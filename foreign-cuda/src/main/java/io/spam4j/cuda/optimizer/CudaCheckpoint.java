package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.state.Moments;
import io.spam4j.cuda.internal.state.SelectionUpload;
import io.spam4j.cuda.internal.state.TransformHistories;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.LoadReport;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Brings the state on a device to files, and back. No step may be under way. */
final class CudaCheckpoint {
  private final CudaStream stream;
  private final StepPlanner planner;
  private final List<CudaParameter> parameters;
  private final Moments moments;
  private final SelectionUpload selections;
  private final TransformHistories histories;

  CudaCheckpoint(
      CudaStream stream,
      StepPlanner planner,
      List<CudaParameter> parameters,
      Moments moments,
      SelectionUpload selections,
      TransformHistories histories) {
    this.stream = stream;
    this.planner = planner;
    this.parameters = parameters;
    this.moments = moments;
    this.selections = selections;
    this.histories = histories;
  }

  /** See {@link CudaOptimizer#save(Path, SaveOptions)}. */
  void save(Path file, SaveOptions options) throws IOException {
    histories.fetch();
    planner.save(file, options);
  }

  /**
   * See {@link CudaOptimizer#load(Path, LoadOptions)}.
   *
   * @param guard of the state, which is whole afterwards
   */
  LoadReport load(Path file, LoadOptions options, DeviceGuard guard) throws IOException {
    LoadReport report;
    try (RestoredState restored = planner.load(file, options)) {
      try {
        for (int i = 0; i < parameters.size(); i++) {
          moments.prepare(i, restored.momentCount(i));
        }
        guard.change(() -> fill(restored));
      } catch (RuntimeException | Error e) {
        CloseFailures.closeAfter(e, moments::discard);
        throw e;
      }
      restored.commit();
      report = restored.report();
    }
    guard.complete();
    return report;
  }

  private void fill(RestoredState restored) {
    for (int i = 0; i < parameters.size(); i++) {
      moments.restore(i, restored.mask(i));
      for (String name : planner.state()) {
        DeviceBuffer buffer = moments.tensor(i, name);
        if (buffer != null) {
          stream.upload(restored.state(i, name).memory(), buffer);
        }
      }
      Tensor weights = restored.weights(i).orElse(null);
      if (weights != null) {
        stream.upload(weights.memory(), parameters.get(i).weights().buffer());
      }
    }
    selections.sendChunks();
    histories.send(restored);
  }
}
