package io.spam4j.jmh;

import io.spam4j.engine.StepReport;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.BenchmarkParams;

/** What steps read and wrote, over their own time, over one iteration. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class Bandwidth {
  private long bytes;
  private long nanos;

  /** Refuses what would not be quotients. */
  @Setup(Level.Trial)
  public void check(BenchmarkParams params) {
    Events.requireOneIteration(params);
  }

  /** Starts an iteration. */
  @Setup(Level.Iteration)
  public void clear() {
    bytes = 0;
    nanos = 0;
  }

  void add(StepReport report) {
    bytes += report.bytes();
    nanos += report.nanos();
  }

  /** 10^9 bytes a second; on a GPU of the GPU's own time. */
  public double gigabytesPerSecond() {
    return (double) bytes / nanos;
  }
}
