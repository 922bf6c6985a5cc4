package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.internal.state.ChunkTable;
import io.spam4j.cuda.internal.state.TensorTable;
import io.spam4j.cuda.optimizer.DeviceSlab.Part;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.StepPlanner;

/**
 * The tables and scratch of an optimizer on the device, in one allocation. What the host sends at
 * each step lies together, and what it fetches too: {@code [transforms | coefficients | tallies |
 * statistics]}; the first two are sent, the last three fetched, each with one copy.
 */
final class StepMemory implements AutoCloseable {
  private static final long ALIGNMENT = 256;
  private static final long CHUNK_TALLY = 24;

  private final DeviceBuffer memory;

  final DeviceBuffer tensors;
  final DeviceBuffer chunks;
  final DeviceBuffer chunkTallies;
  final DeviceBuffer tallyRanges;

  /** What is sent: rows of transforms, then of coefficients. */
  final DeviceBuffer sent;

  /** What is fetched: coefficients, tallies, and, if gradients are measured, statistics. */
  final DeviceBuffer fetched;

  final DeviceBuffer transforms;
  final DeviceBuffer coefficients;
  final DeviceBuffer tallies;

  // Of measuring; empty without.
  final DeviceBuffer measureChunks;
  final DeviceBuffer slotRanges;
  final DeviceBuffer slots;
  final DeviceBuffer statistics; // of each parameter, and of all
  final DeviceBuffer laterStatistics; // the same of what transforms have left
  final DeviceBuffer histories;

  StepMemory(CudaDevice device, StepPlanner planner, ChunkTable update, ChunkTable measure) {
    long n = planner.names().size();
    long links = planner.transforms().size();
    boolean measures = planner.measures();
    long chunkRows = update.chunks().byteSize() / ChunkTable.CHUNK;
    long statisticsBytes = measures ? (n + 1) * DeviceTables.STATISTICS : 0;

    var exchange = new DeviceSlab(1);
    Part transformRows = exchange.add(links * DeviceTables.TRANSFORM);
    Part coefficientRows = exchange.add(n * DeviceTables.COEFFICIENTS);
    Part tallyRows = exchange.add(n * DeviceTables.TALLY);
    Part statisticsRows = exchange.add(statisticsBytes);

    var slab = new DeviceSlab(ALIGNMENT);
    Part tensorRows = slab.add(n * TensorTable.ROW);
    Part chunksOfUpdate = slab.add(update.chunks().byteSize());
    Part talliesOfChunks = slab.add(chunkRows * CHUNK_TALLY);
    Part rangesOfUpdate = slab.add(update.ranges().byteSize());
    Part exchanged = slab.add(exchange.bytes());
    Part chunksOfMeasure = slab.add(measures ? measure.chunks().byteSize() : 0);
    Part rangesOfMeasure = slab.add(measures ? measure.ranges().byteSize() : 0);
    Part slotRows = slab.add(measures ? measure.slots() * DeviceTables.STATISTICS : 0);
    Part laterRows = slab.add(statisticsBytes);
    Part historyRows = slab.add(links * n * DeviceTables.HISTORY);

    memory = device.allocate(slab.bytes());
    tensors = tensorRows.of(memory);
    chunks = chunksOfUpdate.of(memory);
    chunkTallies = talliesOfChunks.of(memory);
    tallyRanges = rangesOfUpdate.of(memory);
    DeviceBuffer both = exchanged.of(memory);
    sent = transformRows.through(coefficientRows).of(both);
    fetched = coefficientRows.through(statisticsRows).of(both);
    transforms = transformRows.of(both);
    coefficients = coefficientRows.of(both);
    tallies = tallyRows.of(both);
    statistics = statisticsRows.of(both);
    measureChunks = chunksOfMeasure.of(memory);
    slotRanges = rangesOfMeasure.of(memory);
    slots = slotRows.of(memory);
    laterStatistics = laterRows.of(memory);
    histories = historyRows.of(memory);
  }

  long bytes() {
    return memory.bytes();
  }

  @Override
  public void close() {
    memory.close();
  }
}
