package io.spam4j.cuda.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.device.StepPlanner;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What transforms keep of each parameter from step to step, on the device. */
public final class TransformHistories {
  private static final int NUMBERS = (int) (DeviceTables.HISTORY / Double.BYTES);

  private final CudaStream stream;
  private final DeviceBuffer memory; // a row for each transform and parameter; empty without any
  private final StepPlanner planner;

  public TransformHistories(CudaStream stream, DeviceBuffer memory, StepPlanner planner) {
    this.stream = stream;
    this.memory = memory;
    this.planner = planner;
  }

  private long row(int transform, int parameter) {
    return ((long) transform * planner.names().size() + parameter) * DeviceTables.HISTORY;
  }

  /** Brings them to the planner. */
  public void fetch() {
    if (memory.bytes() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate(memory.bytes(), Double.BYTES);
      stream.download(memory, rows);
      for (int k = 0; k < planner.transforms().size(); k++) {
        for (int i = 0; i < planner.names().size(); i++) {
          double[] history = new double[NUMBERS];
          MemorySegment.copy(rows, JAVA_DOUBLE, row(k, i), history, 0, NUMBERS);
          planner.setHistory(k, i, history);
        }
      }
    }
  }

  /** Sends those of a checkpoint to the device. */
  public void send(RestoredState restored) {
    if (memory.bytes() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate(memory.bytes(), Double.BYTES);
      for (int k = 0; k < planner.transforms().size(); k++) {
        for (int i = 0; i < planner.names().size(); i++) {
          double[] history = restored.history(k, i);
          MemorySegment.copy(history, 0, rows, JAVA_DOUBLE, row(k, i), history.length);
        }
      }
      stream.upload(rows, memory);
    }
  }
}
