package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.DeviceBuffer;
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
  private long next;

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
    int n = planner.names().size();
    int links = planner.transforms().size();
    boolean measures = planner.measures();
    long chunkRows = update.chunks().byteSize() / ChunkTable.CHUNK;
    long statisticsBytes = measures ? (n + 1) * DeviceTables.STATISTICS : 0;
    long sentBytes = links * DeviceTables.TRANSFORM + n * DeviceTables.COEFFICIENTS;
    long fetchedBytes = n * (DeviceTables.COEFFICIENTS + DeviceTables.TALLY) + statisticsBytes;
    long[] sizes = {
      n * TensorTable.ROW,
      update.chunks().byteSize(),
      chunkRows * CHUNK_TALLY,
      update.ranges().byteSize(),
      links * DeviceTables.TRANSFORM + fetchedBytes,
      measures ? measure.chunks().byteSize() : 0,
      measures ? measure.ranges().byteSize() : 0,
      measures ? measure.slots() * DeviceTables.STATISTICS : 0,
      statisticsBytes,
      (long) links * n * DeviceTables.HISTORY
    };
    long bytes = 0;
    for (long size : sizes) {
      bytes += align(size);
    }
    memory = device.allocate(bytes);
    tensors = take(sizes[0]);
    chunks = take(sizes[1]);
    chunkTallies = take(sizes[2]);
    tallyRanges = take(sizes[3]);
    DeviceBuffer exchange = take(sizes[4]);
    long coefficientsAt = links * DeviceTables.TRANSFORM;
    long talliesAt = coefficientsAt + n * DeviceTables.COEFFICIENTS;
    sent = exchange.slice(0, sentBytes);
    fetched = exchange.slice(coefficientsAt, fetchedBytes);
    transforms = exchange.slice(0, coefficientsAt);
    coefficients = exchange.slice(coefficientsAt, n * DeviceTables.COEFFICIENTS);
    tallies = exchange.slice(talliesAt, n * DeviceTables.TALLY);
    statistics = exchange.slice(talliesAt + n * DeviceTables.TALLY, statisticsBytes);
    measureChunks = take(sizes[5]);
    slotRanges = take(sizes[6]);
    slots = take(sizes[7]);
    laterStatistics = take(sizes[8]);
    histories = take(sizes[9]);
  }

  private DeviceBuffer take(long bytes) {
    DeviceBuffer slice = memory.slice(next, bytes);
    next += align(bytes);
    return slice;
  }

  private static long align(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  long bytes() {
    return memory.bytes();
  }

  @Override
  public void close() {
    memory.close();
  }
}
