package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaEvent;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.PinnedBuffer;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.cuda.internal.state.TensorTable;
import io.spam4j.engine.device.DeviceTables;
import io.spam4j.engine.device.PlannedStep;
import io.spam4j.engine.device.StepFacts;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.device.StepResults;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Pinned memory for one step under way: what goes to the device before it, and what comes back
 * after it.
 */
final class StepSlot {
  private final StepMemory memory;
  private final PinnedBuffer sent; // transforms, coefficients, then the table of tensors
  private final PinnedBuffer fetched;
  private final CudaEvent start;
  private final CudaEvent stop;
  private final int parameters;
  private final int transforms;
  private @Nullable StepFacts facts; // of the step under way

  StepSlot(CudaDevice device, Closer closer, StepMemory memory, StepPlanner planner) {
    this.memory = memory;
    parameters = planner.names().size();
    transforms = planner.transforms().size();
    sent = closer.add(device.allocatePinned(memory.sent.bytes() + memory.tensors.bytes()));
    fetched = closer.add(device.allocatePinned(memory.fetched.bytes()));
    start = closer.add(device.timer());
    stop = closer.add(device.timer());
  }

  /** Whether a step is under way whose results nobody has taken. */
  boolean isBusy() {
    return facts != null;
  }

  /** Waits until what it has sent may change. */
  void await() {
    sent.await();
  }

  /** Queues the table of tensors. */
  void sendTensors(CudaStream stream, TensorTable table) {
    long at = memory.sent.bytes();
    MemorySegment.copy(table.rows(), 0, sent.segment(), at, table.rows().byteSize());
    stream.upload(sent, at, memory.tensors);
  }

  /** Queues what a step has decided. */
  void sendDecisions(CudaStream stream, PlannedStep plan) {
    MemorySegment rows = sent.segment();
    for (int k = 0; k < transforms; k++) {
      plan.putTransform(k, rows.asSlice(k * DeviceTables.TRANSFORM, DeviceTables.TRANSFORM));
    }
    long first = transforms * DeviceTables.TRANSFORM;
    for (int i = 0; i < parameters; i++) {
      long at = first + i * DeviceTables.COEFFICIENTS;
      plan.putCoefficients(i, rows.asSlice(at, DeviceTables.COEFFICIENTS));
    }
    stream.upload(sent, 0, memory.sent);
  }

  /** Queues the beginning of the time that is measured. */
  void begin(CudaStream stream) {
    start.record(stream);
  }

  /** Queues its end, and the fetching of results. */
  void end(CudaStream stream) {
    stop.record(stream);
    stream.download(memory.fetched, fetched, 0);
  }

  /** From here on the results of a step are awaited. */
  void expect(StepFacts facts) {
    this.facts = facts;
  }

  /** The results will never be taken. */
  void forget() {
    facts = null;
  }

  /** Whether the results have come, or none are awaited. */
  boolean isComplete() {
    return facts == null || fetched.isIdle();
  }

  /**
   * Waits for the results of the step under way, which stays so if CUDA fails.
   *
   * @return reports them to the planner
   */
  Runnable take(StepPlanner planner) {
    fetched.await();
    long nanos = Math.round(stop.millisecondsSince(start) * 1e6);
    StepFacts of = Objects.requireNonNull(facts);
    facts = null;
    return () -> planner.report(of, results(nanos));
  }

  private StepResults results(long nanos) {
    MemorySegment rows = fetched.segment();
    long tallies = memory.coefficients.bytes();
    long statistics = tallies + memory.tallies.bytes();
    return new StepResults(
        rows.asSlice(tallies, memory.tallies.bytes()),
        memory.statistics.bytes() == 0 ? null : rows.asSlice(statistics),
        rows.asSlice(0, tallies),
        nanos);
  }

  /** Fetches statistics now, and waits for them. */
  MemorySegment statistics(CudaStream stream) {
    stream.download(memory.statistics, fetched, 0);
    fetched.await();
    return fetched.segment().asSlice(0, memory.statistics.bytes());
  }
}
