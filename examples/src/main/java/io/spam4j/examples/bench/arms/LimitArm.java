package io.spam4j.examples.bench.arms;

import io.spam4j.engine.roofline.StreamLimit;
import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.Traffic;

/** The limit of a dense update, against itself: how far the same thing twice differs here. */
final class LimitArm implements ArmRun {
  private final BenchMemory memory;
  private final StreamLimit limit;

  LimitArm(BenchMemory memory) {
    this.memory = memory;
    limit = memory.limit(Traffic.DENSE);
  }

  @Override
  public void step() {
    limit.run();
  }

  /** It has memory of its own and changes nothing. */
  @Override
  public void check() {
    step();
    if (!memory.areLimitsZero()) {
      throw new IllegalStateException("limit must change nothing: bytes=" + memory.limitBytes());
    }
  }

  @Override
  public void close() {}
}
