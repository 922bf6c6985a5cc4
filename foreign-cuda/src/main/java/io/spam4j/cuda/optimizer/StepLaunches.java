package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.Kernel;
import io.spam4j.cuda.KernelArguments;
import io.spam4j.cuda.KernelLibrary;
import io.spam4j.cuda.internal.state.ChunkTable;
import io.spam4j.cuda.internal.state.ChunkTable.Part;
import io.spam4j.cuda.internal.state.ChunkTable.Rows;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedTransform;
import io.spam4j.engine.device.StepPlanner;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The kernel launches of a step, with their arguments: set once, because everything that changes
 * lies in tables. By itself it is the work of a step on all parameters at once.
 */
final class StepLaunches implements StepPasses {
  /** The {@link PlannedTransform#place} of those that clip. */
  private static final int CLIP = 1;

  private record Launch(Kernel kernel, int blocks, KernelArguments arguments) {
    void queue(CudaStream stream) {
      if (blocks > 0) {
        kernel.launch(stream, blocks, ChunkTable.THREADS, 0, arguments);
      }
    }
  }

  private final KernelLibrary library;
  private final StepMemory memory;
  private final ChunkTable update;
  private final ChunkTable measure;
  private final int parameters;
  private final boolean amsgrad;
  private final Kernel fill;
  private final List<Launch> sums = new ArrayList<>();
  private final List<Launch> decisions = new ArrayList<>();
  private final Launch tally;
  private final Piece whole;

  StepLaunches(
      KernelLibrary library,
      StepMemory memory,
      StepPlanner planner,
      ChunkTable update,
      ChunkTable measure) {
    this.library = library;
    this.memory = memory;
    this.update = update;
    this.measure = measure;
    parameters = planner.names().size();
    amsgrad = planner.state().size() > 2;
    fill = library.kernel("spam4j_fill");
    if (planner.measures()) {
      addSums(sums, memory.statistics);
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
    tally =
        launch(
            "spam4j_tally",
            parameters,
            memory.tallyRanges,
            memory.chunks,
            memory.chunkTallies,
            memory.tallies);
    whole =
        new Piece(
            new Rows(0, measure.denseChunks()),
            new Rows(0, update.denseChunks()),
            new Rows(update.denseChunks(), update.sparseChunks()));
  }

  /** The passes over a part of all parameters. */
  final class Piece {
    private final @Nullable Launch measuring;
    private final List<Launch> updating = new ArrayList<>();

    /**
     * A part.
     *
     * @param measured rows of the measuring table
     * @param dense rows of the updating table, of dense parameters
     * @param sparse the same of sparse ones
     */
    Piece(Rows measured, Rows dense, Rows sparse) {
      measuring =
          sums.isEmpty()
              ? null
              : launch(
                  "spam4j_measure",
                  measured.count(),
                  memory.tensors,
                  slice(memory.measureChunks, measured),
                  memory.slots);
      add("spam4j_update", dense);
      add("spam4j_update_sparse", sparse);
    }

    private void add(String kernel, Rows rows) {
      DeviceBuffer chunks = slice(memory.chunks, rows);
      DeviceBuffer tallies = slice(memory.chunkTallies, rows);
      updating.add(
          launch(kernel, rows.count(), memory.tensors, chunks, memory.coefficients, tallies));
      if (amsgrad) {
        updating.add(
            launch("spam4j_amsgrad", rows.count(), memory.tensors, chunks, memory.coefficients));
      }
    }

    /** Queues the pass that measures gradients, if they are measured. */
    void measure(CudaStream stream) {
      if (measuring != null) {
        measuring.queue(stream);
      }
    }

    /** Queues the update, which everything was decided for. */
    void update(CudaStream stream) {
      updating.forEach(launch -> launch.queue(stream));
    }
  }

  /** Chunks and their tallies have rows of as many bytes. */
  private static DeviceBuffer slice(DeviceBuffer table, Rows rows) {
    return table.slice(rows.first() * ChunkTable.CHUNK, rows.count() * ChunkTable.CHUNK);
  }

  private Launch launch(String kernel, long blocks, Object... arguments) {
    var values = new KernelArguments(arguments.length);
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case DeviceBuffer buffer -> values.setBuffer(i, buffer);
        case Integer number -> values.setInt(i, number);
        default -> throw new IllegalArgumentException("no kernel argument: " + arguments[i]);
      }
    }
    return new Launch(library.kernel(kernel), (int) blocks, values);
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
    decisions.add(
        switch (transform.scope()) {
          case TENSOR ->
              launch(
                  "spam4j_decide_tensors",
                  (parameters + ChunkTable.THREADS - 1) / ChunkTable.THREADS,
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
    int chunks = measure.denseChunks();
    decisions.add(
        place == CLIP
            ? launch(
                "spam4j_measure_again",
                chunks,
                memory.tensors,
                memory.measureChunks,
                memory.coefficients,
                memory.slots)
            : launch(
                "spam4j_rescale",
                chunks,
                memory.tensors,
                memory.measureChunks,
                memory.coefficients,
                place,
                memory.slots));
    addSums(decisions, memory.laterStatistics);
  }

  /**
   * A part of all parameters.
   *
   * @param parts of consecutive parameters
   */
  Piece piece(List<Part> parts, IntPredicate isSparse) {
    return new Piece(
        measure.rows(parts, _ -> true),
        update.rows(parts, isSparse.negate()),
        update.rows(parts, isSparse));
  }

  /** Measures all parameters at once. */
  @Override
  public void measure(CudaStream stream) {
    whole.measure(stream);
    sum(stream);
  }

  /** Updates all parameters at once. */
  @Override
  public void update(CudaStream stream) {
    decide(stream);
    whole.update(stream);
    tally(stream);
  }

  /** Queues what adds up the measures of all pieces, if gradients are measured. */
  void sum(CudaStream stream) {
    sums.forEach(launch -> launch.queue(stream));
  }

  /** Queues the decisions that depend on what was measured. */
  void decide(CudaStream stream) {
    decisions.forEach(launch -> launch.queue(stream));
  }

  /** Queues what adds up the counts of all pieces. */
  void tally(CudaStream stream) {
    tally.queue(stream);
  }

  /** Queues zeros for the moments of a parameter. */
  void zero(CudaStream stream, int parameter) {
    Rows rows = update.rows(parameter);
    var arguments = new KernelArguments(3);
    arguments.setBuffer(0, memory.tensors).setBuffer(1, slice(memory.chunks, rows));
    arguments.setFloat(2, 0);
    new Launch(fill, (int) rows.count(), arguments).queue(stream);
  }
}
