package io.spam4j.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.BenchmarkParams;

/** Nanoseconds of some work and of the dense steps done in turn with it, over one iteration. */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class Ratio {
  private long workNanos;
  private long stepNanos;

  /** Refuses what would not be quotients. */
  @Setup(Level.Trial)
  public void check(BenchmarkParams params) {
    Events.requireOneIteration(params);
  }

  /** Starts an iteration. */
  @Setup(Level.Iteration)
  public void clear() {
    workNanos = 0;
    stepNanos = 0;
  }

  void add(long work, long step) {
    workNanos += work;
    stepNanos += step;
  }

  /** The time of the work as a multiple of the usual dense SPAM step's. */
  public double overDenseSpam() {
    return (double) workNanos / stepNanos;
  }
}
