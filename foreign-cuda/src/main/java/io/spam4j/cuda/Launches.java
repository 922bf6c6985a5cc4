package io.spam4j.cuda;

import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import io.spam4j.engine.device.StepPlanner;
import java.util.ArrayList;
import java.util.List;

/**
 * The kernel launches of a step, with their arguments: set once, because everything that changes
 * lies in tables.
 */
final class Launches {
  /** Threads of every block. */
  static final int THREADS = 256;

  private record Launch(Kernel kernel, int blocks, KernelArguments arguments) {
    void queue(CudaStream stream) {
      if (blocks > 0) {
        kernel.launch(stream, blocks, THREADS, 0, arguments);
      }
    }
  }

  private final KernelLibrary library;
  private final StepMemory memory;
  private final ChunkTable update;
  private final int measuredChunks;
  private final int parameters;
  private final Kernel fill;
  private final List<Launch> measuring = new ArrayList<>();
  private final List<Launch> updating = new ArrayList<>();

  Launches(
      KernelLibrary library,
      StepMemory memory,
      StepPlanner planner,
      ChunkTable update,
      ChunkTable measure) {
    this.library = library;
    this.memory = memory;
    this.update = update;
    measuredChunks = measure.denseChunks();
    parameters = planner.names().size();
    fill = library.kernel("spam4j_fill");
    if (planner.measures()) {
      addMeasure();
    }
    List<PlannedTransform> transforms = planner.transforms();
    DeviceBuffer statistics = memory.statistics;
    for (int k = 0; k < transforms.size(); k++) {
      addDecision(k, transforms.get(k), statistics);
      if (transforms.get(k).isFollowed()) {
        addChangeOfStatistics(transforms.get(k).place());
        statistics = memory.laterStatistics;
      }
    }
    addUpdate(planner.state().size() > 2);
  }

  private Launch launch(String kernel, int blocks, Object... arguments) {
    var values = new KernelArguments(arguments.length);
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case DeviceBuffer buffer -> values.setBuffer(i, buffer);
        case Integer number -> values.setInt(i, number);
        default -> throw new IllegalArgumentException("no kernel argument: " + arguments[i]);
      }
    }
    return new Launch(library.kernel(kernel), blocks, values);
  }

  private void addMeasure() {
    measuring.add(
        launch(
            "spam4j_measure", measuredChunks, memory.tensors, memory.measureChunks, memory.slots));
    addSums(measuring, memory.statistics);
  }

  private void addSums(List<Launch> launches, DeviceBuffer statistics) {
    launches.add(
        launch("spam4j_measure_sum", parameters, memory.slotRanges, memory.slots, statistics));
    launches.add(launch("spam4j_measure_total", 1, statistics, total(statistics), parameters));
  }

  private DeviceBuffer total(DeviceBuffer statistics) {
    return statistics.slice(parameters * DeviceTables.STATISTICS, DeviceTables.STATISTICS);
  }

  private void addDecision(int index, PlannedTransform transform, DeviceBuffer statistics) {
    DeviceBuffer row =
        memory.transforms.slice(index * DeviceTables.TRANSFORM, DeviceTables.TRANSFORM);
    long histories = parameters * DeviceTables.HISTORY;
    DeviceBuffer history = memory.histories.slice(index * histories, histories);
    updating.add(
        switch (transform.scope()) {
          case TENSOR ->
              launch(
                  "spam4j_decide_tensors",
                  (parameters + THREADS - 1) / THREADS,
                  row,
                  memory.tensors,
                  statistics,
                  history,
                  memory.coefficients,
                  parameters);
          case ALL ->
              launch(
                  "spam4j_decide_norm",
                  1,
                  row,
                  memory.tensors,
                  statistics,
                  total(statistics),
                  history,
                  memory.coefficients,
                  parameters);
        });
  }

  private void addChangeOfStatistics(int place) {
    updating.add(
        place == 1
            ? launch(
                "spam4j_measure_again",
                measuredChunks,
                memory.tensors,
                memory.measureChunks,
                memory.coefficients,
                memory.slots)
            : launch(
                "spam4j_rescale",
                measuredChunks,
                memory.tensors,
                memory.measureChunks,
                memory.coefficients,
                place,
                memory.slots));
    addSums(updating, memory.laterStatistics);
  }

  private void addUpdate(boolean amsgrad) {
    int dense = update.denseChunks();
    int sparse = update.sparseChunks();
    addUpdate("spam4j_update", 0, dense);
    addUpdate("spam4j_update_sparse", dense, sparse);
    if (amsgrad) {
      updating.add(
          launch(
              "spam4j_amsgrad",
              dense + sparse,
              memory.tensors,
              memory.chunks,
              memory.coefficients));
    }
    updating.add(
        launch(
            "spam4j_tally",
            parameters,
            memory.tallyRanges,
            memory.chunks,
            memory.chunkTallies,
            memory.tallies));
  }

  private void addUpdate(String kernel, int first, int count) {
    updating.add(
        launch(
            kernel,
            count,
            memory.tensors,
            rows(first, count),
            memory.coefficients,
            memory.chunkTallies.slice(first * ChunkTable.CHUNK, count * ChunkTable.CHUNK)));
  }

  private DeviceBuffer rows(long first, long count) {
    return memory.chunks.slice(first * ChunkTable.CHUNK, count * ChunkTable.CHUNK);
  }

  /** Queues the pass over the gradients that finds their statistics. */
  void measure(CudaStream stream) {
    measuring.forEach(launch -> launch.queue(stream));
  }

  /** Queues decisions that depend on statistics, the update, and its counts. */
  void update(CudaStream stream) {
    updating.forEach(launch -> launch.queue(stream));
  }

  /** Queues zeros for the moments of a parameter. */
  void zero(CudaStream stream, int parameter) {
    long first = update.firstChunk(parameter);
    int count = (int) update.chunksOf(parameter);
    var arguments = new KernelArguments(3);
    arguments.setBuffer(0, memory.tensors).setBuffer(1, rows(first, count)).setFloat(2, 0);
    new Launch(fill, count, arguments).queue(stream);
  }
}
